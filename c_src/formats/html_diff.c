/* The page of a comparison: the parts that differ from the page of a profile.
 */
#include "formats/diff_write.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "formats/html_parts.h"
#include "formats/value.h"

enum { DEFAULT_TOP = 60, MOST_LISTED = 60 };

struct diff_page {
    const struct diff *d;
    unsigned top;
};

/* --- head ----------------------------------------------------------------- */

static void line(struct buffer *out, const void *ctx)
{
    const struct diff_page *page = ctx;
    struct buffer text;
    buffer_init(&text, BUFFER_DEFAULT_MAX);
    diff_sentence_add(&text, page->d, diff_culprit(page->d));
    buffer_add(&text, "", 1);
    if (text.failed)
        out->failed = true;
    else
        html_text_escape(out, (char *)text.data);
    buffer_deinit(&text);
    buffer_text(out, ".");
}

static void add_known(struct buffer *out, const char *before, const char *text)
{
    if (!text[0])
        return;
    buffer_text(out, out->len ? ", " : "");
    buffer_text(out, before);
    buffer_text(out, text);
}

static void side(struct buffer *out, const struct profile *p, const char *label,
                 const struct diff_side *s)
{
    struct buffer text;
    buffer_init(&text, BUFFER_DEFAULT_MAX);
    add_known(&text, "", s->node);
    add_known(&text, "", s->started);
    buffer_text(&text, text.len ? ", " : "");
    value_say(&text, p, s->counted);
    if (s->recordings > 1)
        buffer_printf(&text, " of %zu recordings", s->recordings);
    if (s->duration_ns)
        buffer_printf(&text, " in %.2f s", (double)s->duration_ns / NS_PER_S);
    if (s->rate_asked)
        buffer_printf(&text, ", %" PRIu32 " Hz", s->rate_asked);
    add_known(&text, "engine ", s->engine);
    add_known(&text, "OTP ", s->otp);
    add_known(&text, "host ", s->host);
    add_known(&text, "", s->command);
    buffer_add(&text, "", 1);
    if (text.failed)
        out->failed = true;
    else
        html_head_fact(out, label, (char *)text.data);
    buffer_deinit(&text);
}

static void facts(struct buffer *out, const void *ctx)
{
    const struct diff_page *page = ctx;
    const struct profile *p = diff_profile(page->d);
    side(out, p, "Base", diff_base(page->d));
    side(out, p, "Now", diff_now(page->d));
}

/* --- functions ------------------------------------------------------------ */

static const struct profile_function *function_of(const struct diff *d,
                                                  const struct diff_function *f)
{
    return profile_function_at(diff_profile(d), f->function);
}

static void growth_cell(struct buffer *out, const struct diff_share *s)
{
    buffer_text(out, "<td>");
    if (isfinite(s->growth))
        buffer_printf(out, "%+.1f", 100 * s->growth);
    if (isfinite(s->growth) && isfinite(s->growth_high))
        buffer_printf(out, " <small>%+.1f to %+.1f</small>",
                      100 * s->growth_low, 100 * s->growth_high);
    buffer_text(out, "</td>");
}

static void name_cell(struct buffer *out, const struct diff *d,
                      const struct diff_function *f)
{
    const struct profile *p = diff_profile(d);
    const struct profile_function *fn = function_of(d, f);
    buffer_text(out, "<th scope=\"row\" data-function>");
    html_text_escape(out, profile_text(p, fn->name));
    buffer_printf(out, "</th><td>%s</td><td>", frame_kind_name(fn->kind));
    html_text_escape(out, profile_text(p, fn->file));
    if (profile_text(p, fn->file)[0] && f->line)
        buffer_printf(out, ":%" PRIu32, f->line);
    buffer_text(out, "</td></tr>\n");
}

static void row(struct buffer *out, const struct diff *d,
                const struct diff_function *f, const struct diff_share *s)
{
    buffer_printf(out,
                  "<tr class=\"%s\"><td>%.2f</td><td>%.2f</td>"
                  "<td>%+.2f <small>\302\261 %.2f</small></td>",
                  diff_verdict_name(s->verdict), s->base_pct, s->now_pct,
                  s->change, (s->change_high - s->change_low) / 2);
    growth_cell(out, s);
    buffer_printf(out, "<td class=\"verdict\">%s</td>",
                  s->verdict == DIFF_SAME ? "" : diff_verdict_name(s->verdict));
    name_cell(out, d, f);
}

static void begin_table(struct buffer *out, const char *id, const char *title,
                        const char *note, const char *columns)
{
    buffer_printf(out,
                  "<section aria-labelledby=\"%s-title\">\n"
                  "<h2 id=\"%s-title\">%s <span>%s</span></h2>\n"
                  "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
                  "aria-labelledby=\"%s-title\">\n"
                  "<table id=\"%s\">\n<thead><tr>",
                  id, id, title, note, id, id);
    buffer_text(out, columns);
    buffer_text(out, "</tr></thead>\n<tbody>\n");
}

static void end_table(struct buffer *out)
{
    buffer_text(out, "</tbody>\n</table>\n</div>\n</section>\n");
}

/* Functions that changed come first. */
static void functions_table(struct buffer *out, const struct diff_page *page)
{
    unsigned shown = 0;
    begin_table(out, "functions", "Functions",
                "with the C code that they call; \302\261 and ranges are 95 % "
                "intervals. Growth is relative to the work that did not "
                "change.",
                "<th scope=\"col\">Base %</th><th scope=\"col\">Now %</th>"
                "<th scope=\"col\">Points</th><th scope=\"col\">Growth %</th>"
                "<th scope=\"col\"><span class=\"unseen\">Verdict</span></th>"
                "<th scope=\"col\">Function</th><th scope=\"col\">Kind</th>"
                "<th scope=\"col\">File</th>");
    for (int changed = 1; changed >= 0; changed--)
        for (size_t i = 0; i < diff_function_count(page->d); i++) {
            const struct diff_function *f = diff_function_at(page->d, i);
            if (f->own.base + f->own.now > 0 &&
                (f->own.verdict != DIFF_SAME) == changed && shown++ < page->top)
                row(out, page->d, f, &f->own);
        }
    end_table(out);
}

/* Functions that only one side has, including those whose change is not
 * certain.
 */
static void one_sided(struct buffer *out, const struct diff *d, const char *id,
                      const char *title, bool of_now)
{
    size_t count = 0, shown = 0;
    for (size_t i = 0; i < diff_function_count(d); i++) {
        const struct diff_share *s = &diff_function_at(d, i)->total;
        count += of_now ? s->base == 0 && s->now : s->now == 0 && s->base;
    }
    if (count == 0)
        return;
    char note[128];
    snprintf(note, sizeof(note),
             count > MOST_LISTED ? "%zu (the first %d are shown), with what "
                                   "they call"
                                 : "%zu, with what they call",
             count, MOST_LISTED);
    begin_table(out, id, title, note,
                "<th scope=\"col\">Samples</th><th scope=\"col\">%</th>"
                "<th scope=\"col\">Function</th><th scope=\"col\">Kind</th>"
                "<th scope=\"col\">File</th>");
    for (size_t i = 0; i < diff_function_count(d); i++) {
        const struct diff_function *f = diff_function_at(d, i);
        const struct diff_share *s = &f->total;
        if (of_now ? s->base != 0 || !s->now : s->now != 0 || !s->base)
            continue;
        if (shown++ >= MOST_LISTED)
            break;
        buffer_printf(out, "<tr><td>%" PRIu64 "</td><td>%.2f</td>",
                      of_now ? s->now : s->base,
                      of_now ? s->now_pct : s->base_pct);
        name_cell(out, d, f);
    }
    end_table(out);
}

static void tables(struct buffer *out, const void *ctx)
{
    const struct diff_page *page = ctx;
    functions_table(out, page);
    one_sided(out, page->d, "gone", "Only in the base", false);
    one_sided(out, page->d, "new", "Only now", true);
}

/* --- the whole ------------------------------------------------------------ */

/* The samples of functions whose own did not change. */
static void sum_same(const struct diff *d, struct html_compare *compare)
{
    for (size_t i = 0; i < diff_function_count(d); i++) {
        const struct diff_share *s = &diff_function_at(d, i)->own;
        if (s->verdict != DIFF_SAME)
            continue;
        compare->base_same += s->base;
        compare->now_same += s->now;
    }
}

/* The same verdicts as in the text report: the page never calls a box changed
 * if the comparison found no change of its function. */
static bool *changed_functions(const struct diff *d)
{
    bool *changed =
        calloc(profile_function_count(diff_profile(d)) + 1, sizeof(*changed));
    for (size_t i = 0; changed && i < diff_function_count(d); i++) {
        const struct diff_function *f = diff_function_at(d, i);
        changed[f->function] = f->own.verdict != DIFF_SAME ||
                               f->self.verdict != DIFF_SAME ||
                               f->total.verdict != DIFF_SAME;
    }
    return changed;
}

int html_diff_write(const struct diff *d, const struct format_options *o,
                    struct buffer *out)
{
    const struct profile *p = diff_profile(d);
    const struct diff_page page = {d, o && o->top ? o->top : DEFAULT_TOP};
    size_t rows = profile_sample_count(p);
    uint64_t *base = malloc((rows + 1) * sizeof(*base));
    bool *changed = changed_functions(d);
    if (!base || !changed) {
        free(base);
        free(changed);
        return -ENOMEM;
    }
    for (size_t i = 0; i < rows; i++)
        base[i] = diff_base_of_row(d, i);
    struct html_compare compare = {
        .base = base,
        .changed = changed,
        .base_counted = diff_base_counted(d),
        .now_counted = diff_now_counted(d),
        .line = line,
        .facts = facts,
        .tables = tables,
        .ctx = &page,
    };
    sum_same(d, &compare);
    int err = html_page_write(p, o, &compare, out);
    free(base);
    free(changed);
    return err;
}
