#include "formats/watch_write.h"

#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "formats/json_sink.h"
#include "formats/words.h"
#include "report/report.h"

static void shown(struct buffer *out, const char *text)
{
    utf8_show(out, text, strlen(text));
}

/* "pid 1234, shop@host, 19 Hz, engine bpf" */
static void add_node(const struct watch_event *e, struct buffer *out)
{
    buffer_printf(out, " pid %d", (int)e->pid);
    if (e->node && *e->node) {
        buffer_text(out, ", ");
        shown(out, e->node);
    }
    if (e->rate)
        buffer_printf(out, ", %u Hz, engine %s", e->rate, e->engine);
}

/* "12,034 messages", "at least 60", "1.25 GB/s", "93 %" */
static void add_value(const struct watch_event *e, struct buffer *out)
{
    const struct vital_kind *k = &vital_kinds[e->vital];
    double value = e->value > 0 ? e->value : 0;
    buffer_text(out, e->at_least ? "at least " : "");
    if (k->unit == VITAL_PERCENT)
        buffer_printf(out, "%.0f %%", value);
    else if (k->unit == VITAL_BYTES)
        words_bytes(out, value < 1e18 ? (uint64_t)value : (uint64_t)1e18);
    else if (value < 10 && !k->per_s)
        buffer_printf(out, "%.0f", value);
    else
        words_rate(out, value);
    buffer_printf(out, "%s%s%s", *k->of ? " " : "", k->of,
                  k->per_s ? "/s" : "");
}

/* "mailbox > 10000: 12,034 messages, <0.91.0>" */
static void add_cause(const struct watch_event *e, struct buffer *out)
{
    buffer_text(out, " ");
    shown(out, e->cause);
    if (!isnan(e->value)) {
        buffer_text(out, ": ");
        add_value(e, out);
    }
    if (!isnan(e->waited_for_cpu))
        buffer_printf(out, ", waited for CPUs %.0f %% of the time",
                      e->waited_for_cpu);
    if (e->process)
        buffer_printf(out, ", %s", e->process);
}

static void add_files(const struct watch_event *e, struct buffer *out)
{
    for (size_t i = 0; i < e->file_count; i++) {
        buffer_text(out, " ");
        shown(out, e->files[i]);
    }
    if (e->kind == WATCH_WROTE)
        buffer_printf(out,
                      " (%llu sample%s, from %.1f s before to %.1f s after)",
                      (unsigned long long)e->samples,
                      e->samples == 1 ? "" : "s", e->before_s, e->after_s);
}

void watch_write_text(const struct watch_event *e, struct buffer *out)
{
    char time[WATCH_TIME];
    watch_time_text(e->unix_ns, time);
    buffer_printf(out, "%s %s", time, watch_kind_word(e->kind));
    if (e->pid)
        add_node(e, out);
    if (e->cause)
        add_cause(e, out);
    add_files(e, out);
    if (e->recording && e->kind != WATCH_WROTE) {
        buffer_text(out, e->cause ? "; recording " : " ");
        shown(out, e->recording);
    }
    if (e->why) {
        buffer_text(out, ": ");
        shown(out, e->why);
    }
    buffer_text(out, "\n");
}

int watch_write_json(const struct watch_event *e, struct buffer *out)
{
    struct json_sink s;
    json_sink_init(&s, out);
    s.one_line = true;
    report_walk_watch(e, &s.sink);
    return json_sink_finish(&s);
}
