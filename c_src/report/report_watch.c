#include "report/report.h"

#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "report/report_keys.h"

enum { DECIMALS = 3 };

/* Paths may be any bytes. */
static void clean(struct sink *s, const char *key, const char *text)
{
    struct buffer utf8;
    buffer_init(&utf8, BUFFER_DEFAULT_MAX);
    utf8_clean(&utf8, text, strlen(text));
    buffer_add(&utf8, "", 1);
    sink_text(s, key, buffer_status(&utf8) == 0 ? (const char *)utf8.data : "");
    buffer_deinit(&utf8);
}

static void text_if(struct sink *s, const char *key, const char *text)
{
    if (text && *text)
        clean(s, key, text);
}

static void files(const struct watch_event *e, struct sink *s)
{
    if (!e->file_count)
        return;
    sink_list(s, "files");
    for (size_t i = 0; i < e->file_count; i++)
        clean(s, NULL, e->files[i]);
    sink_end(s);
}

static void node(const struct watch_event *e, struct sink *s)
{
    if (e->pid)
        sink_natural(s, "os_pid", (uint64_t)e->pid);
    text_if(s, profile_meta_keys.node, e->node);
    text_if(s, profile_meta_keys.engine, e->engine);
    if (e->rate)
        sink_natural(s, profile_meta_keys.rate_asked, e->rate);
}

void report_walk_watch(const struct watch_event *e, struct sink *s)
{
    char time[WATCH_TIME];
    watch_time_text(e->unix_ns, time);
    sink_object(s, NULL);
    sink_word(s, profile_meta_keys.event, watch_kind_word(e->kind));
    sink_text(s, "time", time);
    node(e, s);
    text_if(s, "figure", e->word);
    text_if(s, "cause", e->cause);
    if (!isnan(e->value)) {
        sink_real(s, "value", e->value, DECIMALS);
        sink_real(s, "above", e->limit, DECIMALS);
        if (e->at_least)
            sink_boolean(s, "at_least", true);
    }
    if (!isnan(e->waited_for_cpu))
        sink_real(s, "waited_for_cpu", e->waited_for_cpu, DECIMALS);
    text_if(s, KEY_PROCESS, e->process);
    text_if(s, "recording", e->recording);
    files(e, s);
    if (e->kind == WATCH_WROTE) {
        sink_natural(s, KEY_SAMPLES, e->samples);
        sink_real(s, "before_s", e->before_s, DECIMALS);
        sink_real(s, "after_s", e->after_s, DECIMALS);
    }
    text_if(s, "why", e->why);
    sink_end(s);
}
