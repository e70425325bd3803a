/* What the application was doing: a table of its spans. For each name it says
 * what one such span took: CPU time, waiting, time in which it was ready but no
 * scheduler ran it, and bytes that it allocated. */
#include "formats/text_parts.h"

#include <string.h>

#include "base/units.h"
#include "base/utf8.h"
#include "formats/value.h"
#include "profile/filter.h"
#include "profile/span_table.h"
#include "profile/span_times.h"
#include "profile/waits.h"

enum { FIGURES = 53, NAME_WIDTH = TEXT_COLUMNS - FIGURES };

/* A part of less than that is not worth a word, in percent. */
#define LEAST_PCT 0.5

/* --- what one of them took ------------------------------------------------ */

/* A list of times, of one span on average. */
struct parts {
    struct buffer *line;
    double spans; /* that the times are divided by */
    double whole; /* smaller parts are left out */
    bool any;
};

static bool begin_part(struct parts *parts, uint64_t ns)
{
    if (ns == 0 || (double)ns * 100 < parts->whole * LEAST_PCT)
        return false;
    buffer_text(parts->line, parts->any ? " + " : "");
    units_duration(parts->line, (double)ns / parts->spans);
    parts->any = true;
    return true;
}

static void add_part(struct parts *parts, uint64_t ns, const char *what)
{
    if (begin_part(parts, ns))
        buffer_text(parts->line, what);
}

/* "[waits for my_server]" and "gen_server:loop/7" in words. The name may come
 * from a file of another program, and then have no bracket at its end. */
static void add_wait(struct parts *parts, uint64_t ns, const char *leaf)
{
    size_t start = sizeof(WAITS_FOR) - 1, len = strlen(leaf);
    bool answer = strncmp(leaf, WAITS_FOR, start) == 0 && leaf[len - 1] == ']';
    if (!begin_part(parts, ns))
        return;
    buffer_text(parts->line, answer ? " waiting for " : " waiting in ");
    if (answer)
        utf8_show(parts->line, leaf + start, len - start - 1);
    else
        utf8_show(parts->line, leaf, len);
}

static void add_waits(struct parts *parts, const struct profile *p,
                      const struct span_row *row)
{
    uint64_t rest = row->waiting_ns;
    for (unsigned i = 0; i < row->wait_count; i++) {
        uint32_t function = row->waits[i].function;
        add_wait(parts, row->waits[i].ns,
                 profile_text(p, profile_function_at(p, function)->name));
        rest -= row->waits[i].ns < rest ? row->waits[i].ns : rest;
    }
    add_part(parts, rest, row->wait_count ? " other waiting" : " waiting");
}

static void add_cpu(struct parts *parts, const struct span_row *row)
{
    if (!begin_part(parts, row->cpu_ns))
        return;
    buffer_text(parts->line, " CPU");
    if (row->own_cpu_ns < row->cpu_ns / 100 * 98) {
        buffer_text(parts->line, " (own ");
        units_duration(parts->line, (double)row->own_cpu_ns / parts->spans);
        buffer_text(parts->line, ")");
    }
}

/* @param p  any event of the recording */
static void add_bytes(struct parts *parts, const struct profile *p,
                      uint64_t bytes)
{
    while (p && profile_event(p) != EVENT_ALLOC)
        p = profile_next(p);
    if (!p || bytes == 0)
        return;
    buffer_text(parts->line, parts->any ? "; " : "");
    value_say(parts->line, p, (uint64_t)((double)bytes / parts->spans));
    buffer_text(parts->line, " allocated");
    parts->any = true;
}

/* The CPU time of threads is more exact than the time in which processes were
 * running, and does not include waiting for a CPU. */
static void details(struct buffer *out, const struct profile *p,
                    const struct span_table *t, const struct span_row *row)
{
    bool cpu = t->events & EVENT_SET(EVENT_CPU);
    struct buffer line;
    struct parts parts = {.line = &line,
                          .spans = row->ended ? (double)row->ended : 1,
                          .whole = (double)row->cpu_ns +
                                   (double)row->waiting_ns +
                                   (double)row->runnable_ns};
    buffer_init(&line, BUFFER_DEFAULT_MAX);
    buffer_text(&line, row->ended ? "each: " : "in all: ");
    if (cpu)
        add_cpu(&parts, row);
    else
        add_part(&parts, row->running_ns, " running");
    add_waits(&parts, p, row);
    add_part(&parts, row->runnable_ns, " runnable");
    add_part(&parts, row->rest_ns, " suspended or not known");
    if (row->blocked_ns && begin_part(&parts, row->blocked_ns))
        buffer_text(&line, " blocked a scheduler");
    add_bytes(&parts, p, row->allocated);
    if (parts.any)
        text_cell_wrap_line(out, "", &line);
    else
        buffer_deinit(&line);
}

/* --- the table ------------------------------------------------------------ */

/* Of a part of the processes or of the time, it is not known which spans belong
 * to it. */
static bool are_counted(const struct profile *p)
{
    return profile_span_times(p)->totals.len > 0 || !filter_is_part(p);
}

static void row_line(const struct text_table *t, const struct span_table *spans,
                     const struct span_row *row)
{
    if (spans->events & EVENT_SET(EVENT_CPU))
        buffer_printf(t->out, "%6.2f ",
                      summary_pct(row->cpu_ns, spans->cpu_ns));
    else
        buffer_text(t->out, "     - ");
    if (are_counted(t->p))
        buffer_printf(t->out, "%8llu", (unsigned long long)row->ended);
    else
        buffer_printf(t->out, "%8s", "-");
    if (row->ended) {
        text_cell_duration(t->out, (double)row->took_ns / (double)row->ended);
        text_cell_duration(t->out, (double)row->p50_ns);
        text_cell_duration(t->out, (double)row->p95_ns);
        text_cell_duration(t->out, (double)row->p99_ns);
    } else {
        buffer_printf(t->out, "%9s%9s%9s%9s", "-", "-", "-", "-");
    }
    buffer_text(t->out, "  ");
    text_cell_add(t->out, profile_text(t->p, row->name), NAME_WIDTH);
    text_cell_end_line(t->out);
    details(t->out, t->p, spans, row);
}

static void table(const struct text_table *t, const struct span_table *spans)
{
    size_t shown = text_table_shown(t, spans->count, FORMAT_TEXT_TOP);
    text_table_head(t, "  CPU%%    SPANS     MEAN      P50      P95      P99  "
                       "SPAN, AND WHAT ONE OF THEM TOOK");
    for (size_t i = 0; i < shown; i++)
        row_line(t, spans, &spans->rows[i]);
    text_table_more(t, spans->count - shown, NULL);
}

/* --- doubts --------------------------------------------------------------- */

static void sentence(const struct text_table *t, const struct span_table *spans)
{
    uint64_t ended = 0;
    struct buffer line;
    buffer_init(&line, BUFFER_DEFAULT_MAX);
    for (size_t i = 0; i < spans->count; i++)
        ended += spans->rows[i].ended;
    if (are_counted(t->p)) {
        text_cell_number(&line, ended);
        buffer_text(&line, " ended");
    } else {
        buffer_text(&line, "how many ended in this part of the recording is "
                           "not known");
    }
    if (spans->events & EVENT_SET(EVENT_CPU))
        buffer_printf(&line, "; %.1f %% of the CPU time was in spans",
                      summary_pct(spans->cpu_in_spans_ns, spans->cpu_ns));
    text_cell_wrap_line(t->out, "Spans:", &line);
}

/* @param one, many  what is said of one, and of several
 * @param of         what the count is of: "", or text_whole */
static void doubt(const struct text_table *t, uint64_t count, const char *one,
                  const char *many, const char *of)
{
    struct buffer line;
    if (count == 0)
        return;
    buffer_init(&line, BUFFER_DEFAULT_MAX);
    text_cell_number(&line, count);
    buffer_text(&line, count == 1 ? one : many);
    buffer_text(&line, of);
    text_cell_wrap_line(t->out, "Doubt:", &line);
}

/* The counters are those of the recording as a whole; each event has the same.
 */
static void doubts(const struct text_table *t, const struct span_table *spans)
{
    const struct profile_counters *c = profile_counters(t->p);
    const char *whole = text_whole(t->p);
    uint64_t cut = 0, late = 0;
    for (size_t i = 0; i < spans->count; i++)
        cut += spans->rows[i].cut;
    for (const struct profile *p = t->p; p; p = profile_next(p))
        late += profile_counters(p)->span_late;
    doubt(t, cut,
          " span began before the recording or had not ended when it did: only "
          "a part of it was recorded",
          " spans began before the recording or had not ended when it did: "
          "only a part of each was recorded",
          "");
    doubt(t, c->span_marks_lost,
          " start or end of a span was lost: there were too many of them",
          " starts or ends of spans were lost: there were too many of them",
          whole);
    doubt(t, c->span_unmatched,
          " start of a span had no end, or its end had no start",
          " starts of spans had no end, or ends had no start", whole);
    doubt(t, c->span_merged,
          " span was not told apart from others: too many names, levels, or "
          "processes",
          " spans were not told apart: too many names, levels, or processes",
          whole);
    doubt(t, late, " sample could not be joined with its span",
          " samples could not be joined with their span", whole);
}

int text_spans_write(struct buffer *out, const struct profile *p, size_t top,
                     bool color)
{
    const struct text_table t = {
        .out = out, .p = p, .top = top, .color = color};
    struct span_table spans;
    int err = profile_span_count(p) > 1 ? span_table_compute(p, &spans) : 0;
    if (err || profile_span_count(p) == 1)
        return err;
    if (spans.count) {
        buffer_text(out, "\n");
        sentence(&t, &spans);
        table(&t, &spans);
        doubts(&t, &spans);
    }
    span_table_deinit(&spans);
    return 0;
}
