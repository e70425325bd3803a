/* What is above the tables: the node, its CPU time, its threads. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/top_layout.h"
#include "formats/text_parts.h"
#include "formats/words.h"

static double seconds(uint64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

/* --- the head ------------------------------------------------------------- */

static void node_line(const struct moment *m, struct top_page *page)
{
    text_node_add(&page->line, m->profile);
    top_page_end_line(page, TOP_PLAIN);
}

static void cpu_line(const struct moment *m, struct top_page *page)
{
    struct buffer *line = &page->line;
    buffer_text(line, "CPU:      ");
    if (isnan(m->node_cpus))
        buffer_text(line, m->span_ns ? "node -" : "being measured");
    else
        buffer_printf(line, "node %.2f", m->node_cpus);
    if (m->cpu_count && m->span_ns)
        buffer_printf(line, " of %u CPU%s", m->cpu_count,
                      m->cpu_count == 1 ? "" : "s");
    if (!isnan(m->all_cpus))
        buffer_printf(line, ", machine %.2f", m->all_cpus);
    if (m->span_ns)
        buffer_printf(line, " in the last %.1f s", seconds(m->span_ns));
    if (!m->no_cpu)
        buffer_printf(line, "; engine %s, %u Hz", m->engine,
                      profile_meta(m->profile)->rate_asked);
    if (m->lost)
        buffer_printf(line, ", %" PRIu64 " lost", m->lost);
    top_page_end_line(page, TOP_PLAIN);
}

/* On a node with very many processes the figures are of those that were read,
 * most of them chosen at random. */
static void processes_line(const struct moment *m, struct top_page *page)
{
    struct buffer *line = &page->line;
    buffer_text(line, "Now:      ");
    text_cell_number(line, m->in_table);
    buffer_text(line, m->in_table == 1 ? " process" : " processes");
    if (m->process_count < m->in_table) {
        buffer_text(line, m->is_part ? ", a sample of " : ", of which ");
        text_cell_number(line, m->process_count);
        buffer_text(line, m->is_part ? " read" : " could be read");
    }
    if (m->age_ns >= 2 * NS_PER_S)
        buffer_printf(line, "%s %.0f s ago",
                      m->process_count < m->in_table ? "" : ", read",
                      seconds(m->age_ns));
    if (m->has_queues) {
        buffer_text(line, "; ");
        text_cell_number(line, m->queue_sum);
        buffer_printf(line, " message%s in their mailboxes",
                      m->queue_sum == 1 ? "" : "s");
    }
    top_page_end_line(page, TOP_PLAIN);
}

static void watched_line(const struct moment *m, struct top_page *page)
{
    struct buffer *line = &page->line;
    char time[WORDS_SHORT];
    words_time(time, m->elapsed_ns / NS_PER_S);
    buffer_printf(line, "Watched:  for %s", time);
    if (m->stopped)
        buffer_text(line, "; a signal has stopped it");
    if (m->others_ns)
        buffer_printf(line,
                      "; processes that are not listed used %.1f %% of "
                      "a CPU",
                      100 * (double)m->others_ns / (double)m->span_ns);
    top_page_end_line(page, TOP_PLAIN);
}

void top_head_write(const struct moment *m, struct top_page *page)
{
    node_line(m, page);
    cpu_line(m, page);
    if (m->no_processes) {
        char why[400];
        snprintf(why, sizeof(why), "its processes cannot be read: %s",
                 err_text(m->no_processes));
        top_page_wrap(page, "Now:", why);
    } else {
        processes_line(m, page);
    }
    watched_line(m, page);
}

/* --- threads -------------------------------------------------------------- */

enum { CELL = 40 };

/* A part of what it used. */
static void part(const struct moment_thread *t, const char *name,
                 uint64_t samples, struct buffer *out)
{
    double share =
        100 * t->used * (double)samples / (double)(t->samples ? t->samples : 1);
    if (samples && share >= 0.5)
        buffer_printf(out, " %s %.0f", name, share);
}

/* "S1   87% run 61 gc 9 port 3 sched 4 idle 10" */
static void thread_cell(const struct moment_thread *t, struct buffer *out)
{
    const uint64_t *n = t->by_state;
    buffer_printf(out, "S%-3u", t->number);
    if (isnan(t->used)) {
        buffer_text(out, "  -");
        return;
    }
    buffer_printf(out, "%4.0f%%", 100 * t->used);
    part(t, "run", n[STATE_RUNNING], out);
    part(t, "gc", n[STATE_GC], out);
    part(t, "port", n[STATE_PORT], out);
    part(t, "sched", n[STATE_SCHEDULING], out);
    part(t, "idle", n[STATE_IDLE] + n[STATE_SCHEDULER], out);
    part(t, "other", n[STATE_OTHER], out);
}

/* All the schedulers for which there is no cell. */
static void rest_cell(const struct moment_thread *first, size_t count,
                      struct buffer *out)
{
    double used = 0;
    for (size_t i = 0; i < count; i++)
        used += first[i].used;
    buffer_printf(out, "and %zu more", count);
    if (!isnan(used))
        buffer_printf(out, ", %.2f CPUs", used);
}

static void cell(const struct moment *m, size_t i, size_t cells, size_t normal,
                 struct buffer *out)
{
    if (i + 1 == cells && normal > cells)
        rest_cell(&m->threads[i], normal - i, out);
    else
        thread_cell(&m->threads[i], out);
}

/* Makes the cell that began at `from` as wide as all; it is ASCII. */
static void end_cell(struct buffer *line, size_t from)
{
    if (line->len > from + CELL - 1)
        line->len = from + CELL - 1;
    while (line->len < from + CELL && !line->failed)
        buffer_text(line, " ");
}

static void schedulers(const struct moment *m, size_t normal, size_t lines,
                       struct top_page *page)
{
    size_t columns = page->width / CELL ? page->width / CELL : 1;
    size_t cells = lines * columns < normal ? lines * columns : normal;
    for (size_t i = 0; i < cells; i++) {
        size_t from = page->line.len;
        cell(m, i, cells, normal, &page->line);
        end_cell(&page->line, from);
        if ((i + 1) % columns == 0 || i + 1 == cells)
            top_page_end_line(page, TOP_PLAIN);
    }
}

static void other_kinds(const struct moment *m, size_t normal,
                        struct top_page *page)
{
    for (size_t i = normal; i < m->thread_count; i++) {
        const struct moment_thread *t = &m->threads[i];
        buffer_printf(&page->line, "%s%s (%u)", i > normal ? "  " : "", t->kind,
                      t->threads);
        if (isnan(t->used))
            buffer_text(&page->line, " -");
        else
            buffer_printf(&page->line, " %.0f%%", 100 * t->used);
    }
    top_page_end_line(page, TOP_PLAIN);
}

void top_threads_write(const struct moment *m, size_t most,
                       struct top_page *page)
{
    size_t normal = 0;
    while (normal < m->thread_count && m->threads[normal].number)
        normal++;
    if (most > 1)
        schedulers(m, normal, most - 1, page);
    if (normal < m->thread_count && most)
        other_kinds(m, normal, page);
}
