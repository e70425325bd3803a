/* A comparison for a terminal: the sides, the functions, one sentence. */
#include "formats/diff_write.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "formats/text_parts.h"
#include "formats/value.h"

enum { NAME_MIN = 20, NAME_MAX = 48, MOST_LISTED = 8, COMMAND_MAX = 40 };

struct report {
    const struct diff *d;
    const struct profile *p;
    size_t top;
    bool color;
    size_t name_width;
    struct buffer *out;
};

static void style(struct report *r, const char *code)
{
    if (r->color)
        buffer_printf(r->out, "\033[%sm", code);
}

static const struct profile_function *
function_of(const struct report *r, const struct diff_function *row)
{
    return profile_function_at(r->p, row->function);
}

static const char *name_of(const struct report *r,
                           const struct diff_function *row)
{
    return profile_text(r->p, function_of(r, row)->name);
}

/* --- head ----------------------------------------------------------------- */

/* Adds a part if it is known, with a comma between parts. */
static void part(struct report *r, bool *any, const char *before,
                 const char *text)
{
    if (*text == '\0')
        return;
    buffer_text(r->out, *any ? ", " : "");
    buffer_text(r->out, before);
    text_cell_add(r->out, text, 0);
    *any = true;
}

static void side_line(struct report *r, const char *title,
                      const struct diff_side *s)
{
    bool any = false;
    buffer_text(r->out, title);
    if (*s->node == '\0' && *s->command) {
        text_cell_add(r->out, s->command,
                      text_cell_width(s->command) > COMMAND_MAX ? COMMAND_MAX
                                                                : 0);
        any = true;
    }
    part(r, &any, "", s->node);
    part(r, &any, "OTP ", s->otp);
    part(r, &any, "engine ", s->engine);
    if (s->rate_asked)
        buffer_printf(r->out, "%s%u Hz", any ? ", " : "", s->rate_asked);
    part(r, &any, "", s->started);
    buffer_printf(r->out, "%s", any || s->rate_asked ? "; " : "");
    if (s->recordings > 1)
        buffer_printf(r->out, "%zu recordings, ", s->recordings);
    if (s->duration_ns)
        buffer_printf(r->out, "%.1f s, ",
                      (double)s->duration_ns / (double)NS_PER_S);
    value_say(r->out, r->p, s->counted);
    buffer_text(r->out, value_is_samples(r->p) ? " of work\n" : "\n");
}

static void warning_lines(struct report *r)
{
    const char *at = diff_warnings(r->d);
    while (*at) {
        size_t len = strcspn(at, "\n");
        style(r, "31");
        buffer_text(r->out, "Warning:  ");
        style(r, "0");
        utf8_show(r->out, at, len);
        buffer_text(r->out, "\n");
        at += len + (at[len] == '\n');
    }
}

static void head(struct report *r)
{
    side_line(r, "Base:     ", diff_base(r->d));
    side_line(r, "Now:      ", diff_now(r->d));
    warning_lines(r);
    buffer_text(r->out, "Shares:   of the ");
    text_cell_add(r->out, value_whole(r->p), 0);
    buffer_text(r->out, ", in a function and the C code that it called; +- is "
                        "a 95 % interval\n"
                        "Growth:   relative to the work that did not change: "
                        "if one function grows, the others do not shrink\n");
}

/* --- the table ------------------------------------------------------------ */

/* Growth, such as "+12.3", and its interval. A new function has only the
 * interval. With one or two samples on a side, the upper end can be any factor
 * and tells nothing, so it is left out. */
static void growth_cells(struct report *r, const struct diff_share *s)
{
    enum { SAYS_NOTHING = 10 }; /* a growth by this factor */
    char cells[2][32];
    if (!isfinite(s->growth))
        snprintf(cells[0], sizeof(cells[0]), "-");
    else
        snprintf(cells[0], sizeof(cells[0]), "%+.1f", 100 * s->growth);
    if (!(s->growth_high < SAYS_NOTHING))
        snprintf(cells[1], sizeof(cells[1]), "%+.1f ..", 100 * s->growth_low);
    else
        snprintf(cells[1], sizeof(cells[1]), "%+.1f .. %+.1f",
                 100 * s->growth_low, 100 * s->growth_high);
    buffer_printf(r->out, "%8s  %18s  ", cells[0], cells[1]);
}

static const char *color_of(enum diff_verdict verdict)
{
    static const char *const codes[] = {
        [DIFF_SAME] = "0", [DIFF_GREW] = "31", [DIFF_SHRANK] = "34",
        [DIFF_NEW] = "31", [DIFF_GONE] = "34",
    };
    return codes[verdict];
}

static void place(struct report *r, const struct diff_function *row)
{
    const struct profile_function *f = function_of(r, row);
    buffer_text(r->out, "  ");
    text_cell_place(r->out, profile_text(r->p, f->file), row->line);
    if (profile_text(r->p, f->file)[0] == '\0' &&
        (f->kind == FRAME_NATIVE || f->kind == FRAME_NIF))
        text_cell_place(r->out, profile_text(r->p, f->module), 0);
    text_cell_end_line(r->out);
}

static void row_line(struct report *r, const struct diff_function *row,
                     const struct diff_share *s)
{
    buffer_printf(r->out, "%6.2f  %6.2f  %+7.2f  %6.2f  ", s->base_pct,
                  s->now_pct, s->change, s->change_high - s->change);
    growth_cells(r, s);
    style(r, color_of(s->verdict));
    buffer_printf(r->out, "%-6s  ",
                  s->verdict == DIFF_SAME ? "" : diff_verdict_name(s->verdict));
    text_cell_add(r->out, name_of(r, row), r->name_width);
    style(r, "0");
    place(r, row);
}

static void table_head(struct report *r, const char *what)
{
    style(r, "1");
    buffer_printf(r->out, "\n BASE%%    NOW%%   CHANGE      +-  GROWTH%%"
                          "            INTERVAL  VERDICT ");
    text_cell_add(r->out, what, r->name_width);
    buffer_text(r->out, "  FILE:LINE\n");
    style(r, "0");
}

/* Functions that changed come first, sorted by the size of their change. */
static void own_table(struct report *r)
{
    size_t n = diff_function_count(r->d), shown = 0, all = 0;
    table_head(r, "FUNCTION");
    for (int changed = 1; changed >= 0; changed--)
        for (size_t i = 0; i < n; i++) {
            const struct diff_function *f = diff_function_at(r->d, i);
            if (f->own.base + f->own.now == 0 ||
                (f->own.verdict != DIFF_SAME) != changed)
                continue;
            if (all++ < r->top) {
                row_line(r, f, &f->own);
                shown++;
            }
        }
    if (all > shown)
        buffer_printf(r->out, "... and %zu more function%s\n", all - shown,
                      all - shown == 1 ? "" : "s");
}

/* Is it a C function that changed? Its time is the own of its caller. */
static bool changed_in_c(const struct diff_function *f)
{
    return f->own.base + f->own.now == 0 && f->self.verdict != DIFF_SAME;
}

/* Did only what it calls change? Then its total changed, but not its own. */
static bool changed_below(const struct diff_function *f)
{
    return f->own.verdict == DIFF_SAME && f->total.verdict != DIFF_SAME &&
           !changed_in_c(f);
}

/* Another table, of the rows that fit; nothing if there are none. */
static void
more_table(struct report *r, const char *title,
           bool (*fits)(const struct diff_function *),
           const struct diff_share *(*share)(const struct diff_function *))
{
    size_t all = 0;
    for (size_t i = 0; i < diff_function_count(r->d); i++) {
        const struct diff_function *f = diff_function_at(r->d, i);
        if (!fits(f))
            continue;
        if (all == 0)
            table_head(r, title);
        if (all++ < MOST_LISTED)
            row_line(r, f, share(f));
    }
    if (all > MOST_LISTED)
        buffer_printf(r->out, "... and %zu more\n", all - MOST_LISTED);
}

static const struct diff_share *self_of(const struct diff_function *f)
{
    return &f->self;
}

static const struct diff_share *total_of(const struct diff_function *f)
{
    return &f->total;
}

/* --- only on one side ----------------------------------------------------- */

static bool is_only(const struct diff_function *f, bool now)
{
    return now ? f->total.base == 0 : f->total.now == 0;
}

/* "Only now: f 2.1 %, g 0.1 % and 3 more", including functions with too few
 * samples for a verdict. */
static void only_line(struct report *r, const char *title, bool now)
{
    size_t all = 0;
    for (size_t i = 0; i < diff_function_count(r->d); i++) {
        const struct diff_function *f = diff_function_at(r->d, i);
        if (!is_only(f, now))
            continue;
        if (all == 0)
            buffer_printf(r->out, "\n%s", title);
        if (all++ >= MOST_LISTED)
            continue;
        buffer_text(r->out, all > 1 ? ", " : "");
        text_cell_add(r->out, name_of(r, f), 0);
        buffer_printf(r->out, " %.2f %%",
                      now ? f->total.now_pct : f->total.base_pct);
    }
    if (all > MOST_LISTED)
        buffer_printf(r->out, " and %zu more", all - MOST_LISTED);
    buffer_text(r->out, all ? "\n" : "");
}

static const char *module_of_fun(const struct report *r,
                                 const struct diff_function *f)
{
    const struct profile_function *of = function_of(r, f);
    return profile_text(r->p, of->function)[0] == '-'
               ? profile_text(r->p, of->module)
               : NULL;
}

/* Is there a fun that only one side has, and another fun of the same module
 * that only the other side has? They may be the same fun under two numbers. */
static bool may_be_renumbered(const struct report *r)
{
    size_t n = diff_function_count(r->d);
    for (size_t i = 0; i < n; i++) {
        const struct diff_function *f = diff_function_at(r->d, i);
        const char *module = is_only(f, true) ? module_of_fun(r, f) : NULL;
        for (size_t j = 0; module && j < n; j++) {
            const struct diff_function *g = diff_function_at(r->d, j);
            const char *of = is_only(g, false) ? module_of_fun(r, g) : NULL;
            if (of && strcmp(of, module) == 0)
                return true;
        }
    }
    return false;
}

static void only_lists(struct report *r)
{
    only_line(r, "Only now:    ", true);
    only_line(r, "Only before: ", false);
    if (may_be_renumbered(r))
        buffer_text(r->out, "Note: anonymous functions are numbered by their "
                            "place in the module; one of these may have had "
                            "a different number before.\n");
}

/* --- the whole ------------------------------------------------------------ */

static void set_name_width(struct report *r)
{
    size_t width = NAME_MIN;
    for (size_t i = 0; i < diff_function_count(r->d) && i < r->top; i++) {
        size_t own = text_cell_width(name_of(r, diff_function_at(r->d, i)));
        width = own > width ? own : width;
    }
    r->name_width = width < NAME_MAX ? width : NAME_MAX;
}

int diff_text_write(const struct diff *d, const struct format_options *o,
                    struct buffer *out)
{
    struct report r = {
        .d = d,
        .p = diff_profile(d),
        .top = o && o->top ? o->top : FORMAT_TEXT_DIFF_TOP,
        .color = o && o->color,
        .out = out,
    };
    set_name_width(&r);
    head(&r);
    own_table(&r);
    more_table(&r, "WITH WHAT IT CALLS", changed_below, total_of);
    more_table(&r, "C FUNCTION", changed_in_c, self_of);
    only_lists(&r);
    buffer_text(out, "\n");
    diff_sentence_add(out, d, diff_culprit(d));
    buffer_text(out, ".\n");
    if (o && o->ascii)
        text_cell_to_ascii(out);
    return buffer_status(out);
}
