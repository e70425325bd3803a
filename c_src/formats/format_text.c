/* The report for a terminal: what was measured, functions, processes. */
#include "formats/format.h"

#include <stdlib.h>
#include <string.h>

#include "formats/diff_write.h"
#include "formats/text_parts.h"

enum { NAME_MIN = 20, NAME_MAX = 48 };

struct report {
    const struct profile *p;
    struct summary s;
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

/* --- functions ------------------------------------------------------------ */

static const struct profile_function *
function_of(const struct report *r, const struct summary_function *row)
{
    return profile_function_at(r->p, row->function);
}

static void set_name_width(struct report *r)
{
    size_t width = NAME_MIN;
    for (size_t i = 0; i < r->s.function_count && i < r->top; i++) {
        const struct profile_function *f = function_of(r, &r->s.functions[i]);
        size_t own = text_cell_width(profile_text(r->p, f->name));
        width = own > width ? own : width;
    }
    r->name_width = width < NAME_MAX ? width : NAME_MAX;
}

static const char *color_of(enum frame_kind kind)
{
    static const char *const codes[FRAME_KIND_COUNT] = {
        [FRAME_ERLANG] = "0",  [FRAME_ELIXIR] = "35", [FRAME_BIF] = "36",
        [FRAME_NIF] = "36",    [FRAME_NATIVE] = "33", [FRAME_GC] = "31",
        [FRAME_RUNTIME] = "2", [FRAME_KERNEL] = "34",
    };
    return codes[kind];
}

static void function_row(struct report *r, const struct summary_function *row)
{
    const struct profile_function *f = function_of(r, row);
    buffer_printf(r->out, "%6.2f  %5.2f  %6.2f  %8llu  ", row->self_pct,
                  row->self_error_pct, row->total_pct,
                  (unsigned long long)row->self);
    style(r, color_of(f->kind));
    text_cell_add(r->out, profile_text(r->p, f->name), r->name_width);
    style(r, "0");
    buffer_text(r->out, "  ");
    text_cell_place(r->out, profile_text(r->p, f->file), row->line);
    if (profile_text(r->p, f->file)[0] == '\0' &&
        (f->kind == FRAME_NATIVE || f->kind == FRAME_NIF))
        text_cell_place(r->out, profile_text(r->p, f->module), 0);
    text_cell_end_line(r->out);
}

static void function_table(struct report *r)
{
    set_name_width(r);
    style(r, "1");
    buffer_text(r->out, "\n SELF%     +-  TOTAL%      SELF  ");
    text_cell_add(r->out, "FUNCTION", r->name_width);
    buffer_text(r->out, "  FILE:LINE\n");
    style(r, "0");
    size_t rows = r->s.function_count < r->top ? r->s.function_count : r->top;
    for (size_t i = 0; i < rows; i++)
        function_row(r, &r->s.functions[i]);
    size_t more = r->s.function_count - rows;
    if (more)
        buffer_printf(r->out, "\xe2\x80\xa6 and %zu more function%s\n", more,
                      more == 1 ? "" : "s");
}

/* --- the report ----------------------------------------------------------- */

/* Three samples could have been taken of the CPU time that it used. */
static bool was_busy(const struct profile *p)
{
    const struct profile_meta *m = profile_meta(p);
    return m->rate_asked && m->used_ns / 1000000 * m->rate_asked > 3000;
}

static void idle_line(struct report *r)
{
    buffer_text(r->out, "\n");
    if (r->s.samples == 0 && profile_counters(r->p)->samples > 0)
        buffer_text(r->out, "No sample matches the filter.\n");
    else if (r->s.samples == 0 && profile_counters(r->p)->stopped_ms > 0)
        buffer_text(r->out, "No samples: the node was stopped by a signal; "
                            "`kill -CONT` resumes it.\n");
    else if (r->s.samples == 0 && profile_counters(r->p)->paused_ms > 0)
        buffer_text(r->out, "No samples; cprof itself was stopped for a time "
                            "and saw nothing then.\n");
    else if (r->s.samples == 0 && was_busy(r->p))
        buffer_text(r->out, "No samples, though the node used CPU time: see "
                            "the notes above, or record for longer.\n");
    else if (r->s.samples == 0)
        buffer_text(r->out, "No samples: the node was idle and used no CPU "
                            "during the recording.\n");
    else if (r->s.samples < profile_counters(r->p)->samples)
        buffer_text(r->out, "Only samples in states that are not counted "
                            "match; --state STATE shows them.\n");
    else
        buffer_text(r->out, "The node was idle: its schedulers looked for "
                            "work and found none.\n");
}

static int body(struct report *r, const struct format_options *o)
{
    if (o && o->callers)
        return text_callers_write(r->out, r->p, &r->s, o->callers, r->top,
                                  r->color);
    if (o && o->tree)
        return text_tree_write(r->out, r->p, &r->s, o->min_pct, r->color);
    function_table(r);
    return text_processes_write(r->out, r->p, &r->s, r->color);
}

static int write_text(const struct profile *p, const struct format_options *o,
                      struct buffer *out)
{
    struct report r = {
        .p = p,
        .top = o && o->top ? o->top : FORMAT_TEXT_TOP,
        .color = o && o->color,
        .out = out,
    };
    int err = summary_compute(p, &r.s);
    if (err)
        return err;
    text_head_write(out, p, &r.s);
    if (r.s.counted == 0) {
        idle_line(&r);
    } else {
        err = body(&r, o);
    }
    summary_deinit(&r.s);
    return err ? err : buffer_status(out);
}

const struct format format_text = {
    .name = "text",
    .extension = ".txt",
    .write = write_text,
    .write_diff = diff_text_write,
};
