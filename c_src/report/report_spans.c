#include "profile/span_name.h"
#include "report/report.h"
#include "report/report_keys.h"

/* The name in two parts: the event, and what distinguishes its spans. */
static void name(const struct profile *p, uint32_t string, struct sink *s)
{
    const char *text = profile_text(p, string);
    size_t event = span_name_event(text);
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    buffer_add(&b, text, event);
    buffer_add(&b, "", 1);
    sink_text(s, KEY_NAME, text);
    sink_text(s, profile_meta_keys.event, b.failed ? "" : (char *)b.data);
    sink_text(s, "metadata", text[event] ? text + event + 1 : "");
    buffer_deinit(&b);
}

static void durations(const struct span_row *row, struct sink *s)
{
    sink_natural(s, KEY_COUNT, row->ended);
    sink_natural(s, "cut", row->cut);
    sink_natural(s, "took_ns", row->took_ns);
    sink_natural(s, "p50_ns", row->p50_ns);
    sink_natural(s, "p95_ns", row->p95_ns);
    sink_natural(s, "p99_ns", row->p99_ns);
}

static void cpu(const struct span_table *t, const struct span_row *row,
                struct sink *s)
{
    enum { DECIMALS = 4 };
    sink_natural(s, KEY_CPU_NS, row->cpu_ns);
    sink_natural(s, "own_cpu_ns", row->own_cpu_ns);
    sink_real(s, "cpu_pct", summary_pct(row->cpu_ns, t->cpu_ns), DECIMALS);
}

static void wall(const struct profile *p, const struct span_row *row,
                 struct sink *s)
{
    sink_natural(s, "running_ns", row->running_ns);
    sink_natural(s, "runnable_ns", row->runnable_ns);
    sink_natural(s, "waiting_ns", row->waiting_ns);
    sink_natural(s, "rest_ns", row->rest_ns);
    sink_list(s, KEY_WAITS);
    for (unsigned i = 0; i < row->wait_count; i++) {
        uint32_t function = row->waits[i].function;
        sink_object(s, NULL);
        sink_text(s, KEY_FUNCTION,
                  profile_text(p, profile_function_at(p, function)->name));
        sink_natural(s, "wait_ns", row->waits[i].ns);
        sink_end(s);
    }
    sink_end(s);
}

void report_spans(const struct profile *p, const struct span_table *t,
                  struct sink *s)
{
    if (t->count == 0)
        return;
    sink_list(s, "spans");
    for (size_t i = 0; i < t->count; i++) {
        const struct span_row *row = &t->rows[i];
        sink_object(s, NULL);
        name(p, row->name, s);
        durations(row, s);
        if (t->events & EVENT_SET(EVENT_CPU))
            cpu(t, row, s);
        if (t->events & EVENT_SET(EVENT_WALL))
            wall(p, row, s);
        if (t->events & EVENT_SET(EVENT_BLOCK))
            sink_natural(s, KEY_BLOCKED_NS, row->blocked_ns);
        if (t->events & EVENT_SET(EVENT_ALLOC))
            sink_natural(s, KEY_ALLOCATED, row->allocated);
        sink_end(s);
    }
    sink_end(s);
}
