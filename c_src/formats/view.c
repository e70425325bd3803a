#include "formats/view.h"

#include <inttypes.h>

#include "formats/value.h"

static void describe_texts(struct buffer *out, const char *option,
                           const char *const *texts, size_t n)
{
    enum { SHOWN = 5 };
    for (size_t i = 0; i < n && i < SHOWN; i++)
        buffer_printf(out, " --%s %.60s", option, texts[i]);
    if (n > SHOWN)
        buffer_printf(out, " and %zu more", n - SHOWN);
}

/* Whole buckets are kept, so the span may be longer than the user's. */
static void describe_time(struct buffer *out, const struct filter *f,
                          uint64_t bucket_ns)
{
    if (!bucket_ns || (!f->from_ns && !f->to_ns))
        return;
    double length = (double)bucket_ns / 1e9;
    uint64_t from = f->from_ns / bucket_ns;
    uint64_t to = f->to_ns / bucket_ns + (f->to_ns % bucket_ns != 0);
    buffer_printf(out, " --" VIEW_FROM " %g", (double)from * length);
    if (f->to_ns)
        buffer_printf(out, " --" VIEW_TO " %g", (double)to * length);
}

void view_describe_filter(const struct filter *f, uint64_t bucket_ns,
                          struct buffer *out)
{
    describe_texts(out, VIEW_PROCESS, f->processes, f->process_count);
    describe_texts(out, VIEW_SPAN, f->spans, f->span_count);
    for (int i = 0; i < STATE_COUNT; i++)
        if (f->states >> i & 1)
            buffer_printf(out, " --" VIEW_STATE " %s",
                          state_name((enum sample_state)i));
    for (size_t i = 0; i < f->scheduler_count; i++)
        buffer_printf(out, " --" VIEW_SCHEDULER " %u", f->schedulers[i]);
    describe_texts(out, VIEW_THREAD, f->threads, f->thread_count);
    describe_time(out, f, bucket_ns);
    describe_texts(out, VIEW_FOCUS, &f->focus, f->focus != NULL);
    describe_texts(out, VIEW_IGNORE, &f->ignore, f->ignore != NULL);
}

/* Where the span of time goes beyond the recording. The last bucket may. */
static void describe_end(struct buffer *out, const struct filter *f,
                         const struct profile_meta *whole)
{
    uint64_t end = whole->duration_ns;
    bool beyond = f->from_ns >= end || f->to_ns > end + whole->bucket_ns;
    if (end && beyond)
        buffer_printf(out, " (the recording is %.2f s long)",
                      (double)end / 1e9);
}

static uint64_t samples_of(const struct profile *p)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < profile_sample_count(p); i++)
        sum += profile_weight(p, i);
    return sum;
}

/* Adds a note that the report is filtered, while its counters are those of the
 * whole recording. */
static int note_filter(struct profile *filtered, const struct filter *f,
                       const struct profile *whole)
{
    struct buffer line;
    buffer_init(&line, BUFFER_DEFAULT_MAX);
    buffer_text(&line, FILTER_NOTE);
    view_describe_filter(f, profile_meta(whole)->bucket_ns, &line);
    describe_end(&line, f, profile_meta(whole));
    buffer_text(&line, "; ");
    if (!value_is_samples(whole)) {
        value_say(&line, whole, samples_of(filtered));
        buffer_text(&line, " of ");
        value_say(&line, whole, samples_of(whole));
    } else {
        buffer_printf(&line, "%" PRIu64 " of %" PRIu64 " samples",
                      samples_of(filtered), samples_of(whole));
    }
    buffer_text(&line, "; quality counters are of the whole recording");
    buffer_add(&line, "", 1);
    int err = buffer_status(&line);
    if (!err)
        err = profile_note(filtered, (const char *)line.data);
    buffer_deinit(&line);
    return err;
}

/* The choice of an event needs no note: counters are those of the event. */
static int note_parts(struct profile *filtered, const struct filter *f,
                      const struct profile *whole)
{
    struct filter part = *f;
    int err = 0;
    part.events = 0;
    for (; filtered && !err && !filter_is_empty(&part);
         filtered = profile_next_edit(filtered)) {
        while (profile_event(whole) != profile_event(filtered))
            whole = profile_next(whole);
        err = note_filter(filtered, &part, whole);
    }
    return err;
}

static int write(const struct profile *p, const struct view *v,
                 struct buffer *bytes)
{
    return v->format->one_event && profile_next(p)
               ? -E_EVENTS
               : v->format->write(p, &v->how, bytes);
}

int view_render(const struct profile *p, const struct view *v,
                struct buffer *bytes)
{
    if (filter_is_empty(&v->filter))
        return write(p, v, bytes);
    struct profile *filtered;
    int err = filter_apply(p, &v->filter, &filtered);
    if (err)
        return err;
    err = note_parts(filtered, &v->filter, p);
    if (!err)
        err = write(filtered, v, bytes);
    profile_destroy(filtered);
    return err;
}
