#include "recorder/flight.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/minus.h"
#include "engine/engine.h"
#include "profile/filter.h"
#include "profile/span_times.h"
#include "recorder/flight_spans.h"
#include "recorder/live_cpu.h"
#include "recorder/pipeline.h"
#include "recorder/session.h"
#include "recorder/session_meta.h"
#include "recorder/sources.h"
#include "recorder/utilization.h"
#include "recorder/vitals_read.h"
#include "target/erlproc.h"

#define BUCKET_NS NS_PER_S

/* What had been counted when a second began. */
struct mark {
    uint64_t node_ns; /* CPU time of the node; 0: not known */
    struct profile_counters counters;
};

struct flight {
    struct session *session;
    struct session_parts parts;
    struct vitals_reader *vitals;
    bool of_schedulers; /* their utilization is measured */
    struct utilization utilization;
    struct flight_spans spans;
    uint64_t opened_ns;
    uint32_t bucket;    /* the second that is not over yet */
    uint32_t keep;      /* seconds */
    struct mark *marks; /* by second, a ring of keep + 1 */
    size_t most_rows;
    size_t kept; /* rows of the profile when it was new */
};

/* --- spans ---------------------------------------------------------------- */

/* The seconds of `spans` are one higher than those of samples: 0 is the time
 * before the first one, in which a span may have begun. */
static uint32_t span_second(const struct flight *f, uint64_t ns)
{
    return ns < f->opened_ns ? 0
                             : 1 + (uint32_t)((ns - f->opened_ns) / BUCKET_NS);
}

static struct flight_part span_part(uint32_t first, uint32_t last)
{
    return (struct flight_part){first + 1, last + 1};
}

static struct flight_span span_of(const struct flight *f,
                                  const struct span_end *end)
{
    uint64_t ns = minus_capped(end->end_ns, end->start_ns);
    return (struct flight_span){.end_s = span_second(f, end->end_ns),
                                .start_s = span_second(f, end->start_ns),
                                .span = end->span,
                                .bucket = span_times_bucket(ns),
                                .unknown = end->assumed,
                                .count = 1,
                                .ns = ns};
}

static int on_span_end(void *flight, const struct span_end *end)
{
    struct flight *f = flight;
    const struct flight_span row = span_of(f, end);
    return row.end_s ? flight_spans_add(&f->spans, &row) : 0;
}

/* --- opening -------------------------------------------------------------- */

static struct source *source_of(const struct flight *f)
{
    return sources_of(f->parts.sources, EVENT_CPU);
}

static struct mark *mark_at(const struct flight *f, uint32_t bucket)
{
    return &f->marks[bucket % (f->keep + 1)];
}

static void take_mark(const struct flight *f, struct mark *m)
{
    const struct source *s = source_of(f);
    const struct engine_counters e = s->ops->counters(s->engine);
    m->node_ns = live_cpu_node_ns(f->parts.target->process.pid);
    pipeline_tell_spans(f->parts.pipeline);
    m->counters = *profile_counters(session_profile(f->session));
    session_meta_count(&m->counters, &e);
}

static int mark_schedulers(struct flight *f)
{
    const struct target_state *t = f->parts.target;
    const struct pipeline_work worked = pipeline_work(f->parts.pipeline);
    return f->of_schedulers ? utilization_mark(&f->utilization, t->process.pid,
                                               &t->threads, &worked)
                            : 0;
}

static int begin(struct flight *f)
{
    profile_meta_edit(session_profile(f->session))->bucket_ns = BUCKET_NS;
    pipeline_put_in(f->parts.pipeline, 0);
    f->opened_ns = clock_now_ns();
    int err = pipeline_pass_spans(f->parts.pipeline, on_span_end, f);
    if (err)
        return err;
    pipeline_begin(f->parts.pipeline, f->opened_ns, false);
    take_mark(f, mark_at(f, 0));
    return mark_schedulers(f);
}

static int open_session(const struct flight_options *o, struct flight *f)
{
    const struct session_options how = {.pid = o->pid,
                                        .events = EVENT_SET(EVENT_CPU),
                                        .rates = {[EVENT_CPU] = o->rate},
                                        .engine = o->engine,
                                        .no_command = o->no_command,
                                        .live = true,
                                        .look_ns = BUCKET_NS,
                                        .stop = o->stop};
    int err = session_open(&how, &f->session);
    if (!err)
        f->parts = session_parts(f->session);
    return err;
}

int flight_open(const struct flight_options *o, struct flight **out)
{
    struct flight *f = calloc(1, sizeof(*f));
    if (!f)
        return -ENOMEM;
    f->keep = o->keep_s < FLIGHT_MOST_S ? o->keep_s : FLIGHT_MOST_S;
    flight_spans_init(&f->spans);
    f->of_schedulers = o->figures & VITAL_SET(VITAL_UTILIZATION);
    f->most_rows = o->rows ? o->rows : FLIGHT_ROWS;
    f->marks = calloc(f->keep + 1ul, sizeof(*f->marks));
    int err = f->marks ? open_session(o, f) : -ENOMEM;
    if (!err)
        err = vitals_reader_open(f->parts.target, o->figures, &f->vitals);
    if (!err)
        err = begin(f);
    if (err)
        flight_close(f);
    else
        *out = f;
    return err;
}

void flight_close(struct flight *f)
{
    if (!f)
        return;
    vitals_reader_close(f->vitals);
    utilization_deinit(&f->utilization);
    flight_spans_deinit(&f->spans);
    session_close(f->session);
    free(f->marks);
    free(f);
}

const char *flight_engine(const struct flight *f)
{
    return sources_engine(f->parts.sources);
}

const char *flight_node(const struct flight *f)
{
    return f->parts.target->process.node;
}

int flight_lacks(const struct flight *f)
{
    return vitals_reader_lacks(f->vitals);
}

void flight_pid_text(const struct flight *f, uint64_t term,
                     char text[static FLIGHT_PID])
{
    const struct layout *l = &f->parts.target->layout;
    char whole[ERLPROC_TEXT];
    erlproc_pid_text(term, l->release, l->table_size, whole);
    snprintf(text, FLIGHT_PID, "%.*s", FLIGHT_PID - 1, whole);
}

/* --- seconds -------------------------------------------------------------- */

size_t flight_rows(const struct flight *f)
{
    const struct profile *p = session_profile(f->session);
    return profile_process_count(p) + profile_stack_count(p) +
           profile_sample_count(p) + profile_string_count(p) +
           profile_span_count(p) + f->spans.rows.len;
}

/* The oldest second that is kept. */
static uint32_t oldest(const struct flight *f)
{
    return f->bucket > f->keep ? f->bucket - f->keep : 0;
}

/* Goes on with a copy of the seconds that are kept. */
static int renew(struct flight *f)
{
    uint32_t kept_from = oldest(f);
    struct profile *former = session_profile(f->session), *fresh;
    const struct filter kept = {.from_ns = kept_from * BUCKET_NS};
    pipeline_settle(f->parts.pipeline);
    int err = filter_apply(former, &kept, &fresh);
    if (err)
        return err;
    err = flight_spans_renew(&f->spans, kept_from + 1, former, fresh);
    if (!err)
        err = session_renew(f->session, fresh);
    profile_destroy(err ? fresh : former);
    f->kept = flight_rows(f);
    return err;
}

static int keep_small(struct flight *f)
{
    return flight_rows(f) > f->most_rows + 2 * f->kept ? renew(f) : 0;
}

/* The seconds up to `bucket` are over: usually one, more if cprof did not get
 * to run. */
static int begin_second(struct flight *f, uint32_t bucket, struct vitals *v)
{
    struct mark now;
    take_mark(f, &now);
    int err = mark_schedulers(f);
    if (!err)
        err = vitals_read(f->vitals, v);
    if (err)
        return err;
    if (f->of_schedulers) {
        v->value[VITAL_UTILIZATION] = utilization_percent(&f->utilization);
        v->waited_for_cpu = utilization_waited(&f->utilization);
    }
    for (uint32_t i = 0; i < bucket - f->bucket && i <= f->keep; i++)
        *mark_at(f, bucket - i) = now;
    f->bucket = bucket;
    err = keep_small(f);
    pipeline_put_in(f->parts.pipeline, bucket);
    return err;
}

int flight_run(struct flight *f, unsigned ms, struct vitals *v)
{
    int err = session_run(f->session, ms);
    if (err)
        return err;
    uint32_t bucket = (uint32_t)((clock_now_ns() - f->opened_ns) / BUCKET_NS);
    if (bucket == f->bucket)
        return 0;
    err = begin_second(f, bucket, v);
    return err ? err : 1;
}

/* --- cutting -------------------------------------------------------------- */

/* The second of a time, of those that are kept. */
static uint32_t second_of(const struct flight *f, uint64_t ns)
{
    uint64_t second = ns > f->opened_ns ? (ns - f->opened_ns) / BUCKET_NS : 0;
    if (second < oldest(f))
        return oldest(f);
    return second < f->bucket ? (uint32_t)second : f->bucket;
}

static void subtract(struct profile_counters *to,
                     const struct profile_counters *c)
{
    struct profile_counters rest = *c;
#define X(name, kind, text)                                                    \
    to->name -= rest.name < to->name ? rest.name : to->name;
    PROFILE_COUNTERS(X)
#undef X
}

static uint64_t cpu_of(const struct profile *p)
{
    uint32_t value = profile_find_value(p, VALUE_CPU);
    uint64_t sum = 0;
    for (size_t i = 0; i < profile_sample_count(p); i++)
        sum += profile_value(p, i, value);
    return sum;
}

/* Counters are of the part; what is said of the engine is of all the time. */
static int describe(const struct flight *f, struct profile *p, uint32_t first,
                    uint32_t last)
{
    const struct source *s = source_of(f);
    const struct target_state *t = f->parts.target;
    struct profile_meta *m = profile_meta_edit(p);
    uint64_t now_ns = clock_now_ns();
    uint64_t from_ns = f->opened_ns + first * BUCKET_NS;
    uint64_t to_ns = f->opened_ns + (last + 1ull) * BUCKET_NS;
    struct mark end;
    int err = session_meta_end(p, t, s->ops, s->engine, now_ns - f->opened_ns,
                               !process_alive(&t->process));
    if (last < f->bucket)
        end = *mark_at(f, last + 1);
    else
        take_mark(f, &end);
    const struct mark *start = mark_at(f, first);
    subtract(&end.counters, &start->counters);
    *profile_counters_edit(p) = end.counters;
    m->duration_ns = (to_ns < now_ns ? to_ns : now_ns) - from_ns;
    m->started_unix_ns = clock_ns_of(CLOCK_REALTIME) - (now_ns - from_ns);
    m->used_ns = end.node_ns > start->node_ns && start->node_ns
                     ? end.node_ns - start->node_ns
                     : 0;
    m->seen_ns = m->used_ns ? cpu_of(p) : 0;
    return err;
}

/* What is open now may have begun in the part. */
struct open_spans {
    const struct flight *flight;
    struct flight_spans now;
};

static int on_open(void *ctx, const struct span_end *end)
{
    struct open_spans *open = ctx;
    struct flight_span row = span_of(open->flight, end);
    row.unknown = 1;
    return flight_spans_add(&open->now, &row);
}

static int put_spans(const struct flight *f, uint32_t first, uint32_t last,
                     struct profile *to)
{
    const struct profile *from = session_profile(f->session);
    const struct flight_part part = span_part(first, last);
    struct open_spans open = {.flight = f};
    flight_spans_init(&open.now);
    int err = pipeline_each_span(f->parts.pipeline, on_open, &open);
    if (!err)
        err = flight_spans_copy(&f->spans, &part, from, to);
    if (!err)
        err = flight_spans_copy(&open.now, &part, from, to);
    flight_spans_deinit(&open.now);
    return err;
}

int flight_cut(struct flight *f, uint64_t from_ns, uint64_t to_ns,
               struct profile **out)
{
    uint32_t first = second_of(f, from_ns), last = second_of(f, to_ns);
    const struct filter part = {.from_ns = first * BUCKET_NS,
                                .to_ns = (last + 1ull) * BUCKET_NS};
    struct profile *p;
    pipeline_settle(f->parts.pipeline);
    int err = filter_apply(session_profile(f->session), &part, &p);
    if (err)
        return err;
    err = profile_begin_at(p, first);
    if (!err)
        err = put_spans(f, first, last, p);
    if (!err)
        err = describe(f, p, first, last);
    if (err)
        profile_destroy(p);
    else
        *out = p;
    return err;
}
