#include "recorder/session.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "engine/engine.h"
#include "recorder/limits.h"
#include "recorder/paused.h"
#include "recorder/pipeline.h"
#include "recorder/readers.h"
#include "recorder/session_meta.h"
#include "recorder/sources.h"
#include "recorder/stopped.h"
#include "recorder/target_state.h"
#include "recorder/unseen.h"

enum {
    POLL_MS = 700, /* for processing the samples of one poll */
    /* For reading what one sample needs. It is long, because what cannot be
     * read stays without a name, and a busy machine is slow. */
    SAMPLE_MS = 3000,
    LOOK_MS = 300,   /* for one look at the node */
    DRAIN_MS = 5000, /* for processing what is queued at the end */
    STOP_MS = 300,   /* for samples, after the user has asked to stop */
};

/* While processes are read, samples of threads wait at most this long, since a
 * part of their stacks may have to be read soon. */
#define MEANWHILE_NS (2 * NS_PER_MS)

struct session {
    struct target_state target;
    struct sources sources;
    struct readers readers;
    struct profile *profile;
    struct pipeline *pipeline;
    uint64_t started_ns;
    struct pace look_pace;
    const volatile sig_atomic_t *stop;
    struct deadline poll_until;
    bool draining; /* sampling is over, the rings are being emptied */
    bool cut;      /* *stop has shortened poll_until */
    int meanwhile; /* what polls within another poll returned */
    struct stopped stopped;
    struct paused paused;
    struct unseen *unseen; /* NULL: no CPU time is missed */
    bool gone;
};

static bool is_stopped(const struct session *s)
{
    return s->stop && *s->stop;
}

static int open_readers(struct session *s, const struct session_options *o)
{
    struct target_state *t = &s->target;
    int err = readers_open(t, &s->readers);
    if (!err)
        err = sources_begin(&s->sources, o->events, &s->profile);
    if (!err)
        err = pipeline_open(t, s->readers.unwinder, s->readers.symbols,
                            s->profile, &s->pipeline);
    if (!err)
        err = pipeline_leave_out(s->pipeline, o->own, o->own_count);
    return err || o->live ? err : pipeline_join_spans(s->pipeline, &o->spans);
}

static struct engine_view view_of(const struct session *s)
{
    struct engine_view view = {.threads = &s->target.threads,
                               .layout = &s->target.layout,
                               .maps = &s->target.maps,
                               .code_list = jit_head_address(s->target.jit)};
    view.watched_count = pipeline_watched(s->pipeline, &view.watched);
    return view;
}

static void meanwhile(void *session);

/* To look every 200 ms is enough to notice new threads and libraries. Engines
 * that have an event on each thread need to notice new ones sooner. Looking
 * takes at most a tenth of the time. */
#define LOOK_PAUSE_NS (200 * NS_PER_MS)
static const struct pace look_pace = {.burst_ns = 50 * NS_PER_MS, .share = 9};

static int open_engines(struct session *s, const struct session_options *o)
{
    const struct sources_setup setup = {.target = &s->target,
                                        .options = o,
                                        .view = view_of(s),
                                        .meanwhile = meanwhile,
                                        .meanwhile_ctx = s};
    int err = sources_open(&s->sources, &setup);
    bool soon = !err && sources_are_soon(&s->sources);
    if (soon)
        readers_prepare(&s->readers, o->kernel);
    s->look_pace = look_pace;
    s->look_pace.pause_ns = o->look_ns         ? o->look_ns
                            : soon && !o->live ? 0
                                               : LOOK_PAUSE_NS;
    err = err ? err : sources_start(&s->sources);
    if (!err && sources_of(&s->sources, EVENT_CPU) && !o->live)
        err = unseen_open(o->pid, &s->target.threads, &s->unseen);
    return err;
}

int session_open(const struct session_options *o, struct session **out)
{
    struct session *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->stop = o->stop;
    const struct deadline attach = deadline_in(TARGET_ATTACH_MS, o->stop);
    int err = limits_check();
    if (!err)
        err = target_state_open(&s->target, o->pid, &attach);
    if (!err)
        err = open_readers(s, o);
    if (!err)
        err = session_meta_begin(s->profile, &s->target, o);
    if (!err)
        err = open_engines(s, o);
    if (!err && is_stopped(s))
        err = -EINTR;
    if (err) {
        session_close(s);
        return readers_explain(err, o->pid);
    }
    s->started_ns = clock_now_ns();
    session_meta_started(s->profile);
    pipeline_begin(s->pipeline, s->started_ns, o->timeline);
    stopped_look(&s->stopped, o->pid, s->started_ns);
    paused_begin(&s->paused);
    *out = s;
    return 0;
}

void session_close(struct session *s)
{
    if (!s)
        return;
    sources_close(&s->sources);
    unseen_close(s->unseen);
    pipeline_close(s->pipeline);
    readers_close(&s->readers);
    profile_destroy(s->profile);
    target_state_close(&s->target);
    free(s);
}

/* Is the time for samples over? When a stop is asked for, it is shortened. */
static bool is_over(struct session *s)
{
    if (is_stopped(s) && !s->cut) {
        const struct deadline soon = deadline_in(STOP_MS, NULL);
        if (soon.end_ns < s->poll_until.end_ns)
            s->poll_until = soon;
        s->cut = true;
    }
    return deadline_check(&s->poll_until) != 0;
}

/* A poll of one source. */
struct turn {
    struct session *s;
    struct source *source;
};

/* When the time is over, the remaining samples stay in the rings until the next
 * poll. In the last poll they are only counted. */
static bool on_sample(void *ctx, const struct sample *sample)
{
    const struct turn *turn = ctx;
    struct session *s = turn->s;
    const struct engine_ops *ops = turn->source->ops;
    if (s->draining && is_over(s)) {
        turn->source->untaken +=
            sample->of != SAMPLE_COLLECTION && !sample->again;
        return true;
    }
    s->target.until = deadline_in(SAMPLE_MS, NULL);
    if (s->unseen && sample->of == SAMPLE_CPU)
        unseen_sample(s->unseen, &s->target.threads, sample);
    if (!pipeline_sample(s->pipeline, sample) && ops->stack_short)
        ops->stack_short(turn->source->engine);
    if (sample->of == SAMPLE_PROCESS)
        meanwhile(s);
    return s->draining || !is_over(s);
}

static int poll_engine(struct session *s, struct source *source, int timeout_ms)
{
    struct turn turn = {s, source};
    int news = source->ops->poll(source->engine, timeout_ms, on_sample, &turn);
    source->polled_ns = clock_now_ns();
    return news;
}

/* An engine that reads the node itself may take as long as one sample; a wish
 * to stop does not cut that short, because its result is still wanted. */
static int poll_source(struct session *s, struct source *source, int timeout_ms,
                       uint64_t work_ms)
{
    s->target.until = deadline_in(SAMPLE_MS, NULL);
    s->poll_until = deadline_in((uint64_t)timeout_ms + work_ms, NULL);
    return poll_engine(s, source, timeout_ms);
}

/* Within the poll of an engine that reads processes: those of threads have a
 * turn. */
static void meanwhile(void *session)
{
    struct session *s = session;
    for (size_t i = 0; i < s->sources.count; i++) {
        struct source *source = &s->sources.list[i];
        if (source->ops->due_ns ||
            clock_now_ns() - source->polled_ns < MEANWHILE_NS)
            continue;
        int news = poll_engine(s, source, 0);
        if (s->meanwhile >= 0 && news)
            s->meanwhile = news;
    }
}

/* Waits for samples of threads, but only until processes are to be read. */
static int poll_sources(struct session *s, int timeout_ms)
{
    int wait_ms = sources_wait_ms(&s->sources, timeout_ms), news = 0;
    s->meanwhile = 0;
    sources_rest(&s->sources, timeout_ms);
    for (size_t i = 0; i < s->sources.count && news >= 0; i++) {
        struct source *source = &s->sources.list[i];
        if (s->sources.count > 1 && !sources_is_due(source))
            continue;
        int more = poll_source(
            s, source, source->ops->due_ns ? wait_ms + 1 : wait_ms, POLL_MS);
        news = more < 0 || more > news ? more : news;
        wait_ms = 0;
    }
    return news >= 0 && s->meanwhile ? s->meanwhile : news;
}

static int look(struct session *s)
{
    struct maps old = {0};
    s->target.until = deadline_in(LOOK_MS, s->stop);
    int changed = target_state_refresh(&s->target, &old);
    /* There was not enough time; there will be another look. */
    if (changed == -E_TIME || changed == -EINTR)
        return 0;
    if (changed < 0)
        return changed;
    int err = 0;
    if (changed & TARGET_NEW_MAPS)
        err = readers_set_maps(&s->readers, &s->target.maps);
    maps_deinit(&old);
    const struct engine_view view = view_of(s);
    struct limits_spare spare;
    err = err ? err : limits_keep(&spare);
    if (err)
        return err;
    err = sources_follow(&s->sources, &view);
    limits_release(&spare);
    return err || !s->unseen ? err : unseen_look(s->unseen, &s->target.threads);
}

/* Looks at the node again, because threads come and go and libraries are
 * loaded. */
static int look_again(struct session *s)
{
    if (!pace_begin(&s->look_pace))
        return 0;
    int err = look(s);
    pace_end(&s->look_pace);
    stopped_look(&s->stopped, s->target.process.pid, clock_now_ns());
    return err;
}

static int step(struct session *s, int timeout_ms)
{
    int news = poll_sources(s, timeout_ms);
    pipeline_step(s->pipeline);
    paused_look(&s->paused);
    if (news < 0)
        return news;
    if (news > 0)
        pace_hurry(&s->look_pace);
    int err = look_again(s);
    return err ? err : pipeline_status(s->pipeline);
}

int session_run(struct session *s, unsigned ms)
{
    uint64_t end = clock_now_ns() + ms * NS_PER_MS;
    while (!is_stopped(s)) {
        uint64_t now = clock_now_ns();
        if (now >= end)
            break;
        uint64_t left_ms = (end - now + NS_PER_MS - 1) / NS_PER_MS;
        int err = step(s, (int)(left_ms < 20 ? left_ms : 20));
        if (err) {
            s->gone = err == -E_GONE || !process_alive(&s->target.process);
            return s->gone ? -E_GONE : err;
        }
    }
    return 0;
}

struct profile *session_profile(struct session *s)
{
    return s->profile;
}

struct session_parts session_parts(struct session *s)
{
    return (struct session_parts){
        .target = &s->target, .pipeline = s->pipeline, .sources = &s->sources};
}

int session_renew(struct session *s, struct profile *fresh)
{
    int err = pipeline_renew(s->pipeline, fresh);
    if (!err)
        s->profile = s->sources.list[0].profile = fresh;
    return err;
}

struct session_progress session_progress(const struct session *s)
{
    struct session_progress now = {.elapsed_ns =
                                       clock_now_ns() - s->started_ns};
    sources_count(&s->sources, &now);
    return now;
}

static int note_unseen(struct session *s)
{
    const struct source *source = sources_of(&s->sources, EVENT_CPU);
    const struct engine_counters c = source->ops->counters(source->engine);
    const struct engine_info info = source->ops->info(source->engine);
    const struct unseen_reasons why = {.engine = &c,
                                       .info = &info,
                                       .untaken = source->untaken,
                                       .paused_ns = s->paused.total_ns};
    return unseen_note(s->unseen, source->profile, &why);
}

static int end_source(struct session *s, const struct source *source,
                      uint64_t duration_ns)
{
    int err = session_meta_end(source->profile, &s->target, source->ops,
                               source->engine, duration_ns, s->gone);
    if (!err && source->event == EVENT_WALL)
        profile_counters_edit(source->profile)->samples -=
            pipeline_left_out(s->pipeline);
    if (!err)
        err = stopped_note(&s->stopped, source->profile);
    if (!err)
        err = paused_note(&s->paused, source->profile);
    return err ? err : session_meta_untaken(source->profile, source->untaken);
}

/* Processes what is queued. 0 if the node has ended, too. */
static int drain(struct session *s)
{
    int err = 0;
    s->cut = false;
    s->draining = true;
    for (size_t i = 0; i < s->sources.count; i++) {
        int result = poll_source(s, &s->sources.list[i], 0, DRAIN_MS);
        if (result < 0 && result != -E_GONE && !err && !s->gone)
            err = result;
    }
    s->target.until = deadline_in(SAMPLE_MS, NULL);
    pipeline_finish(s->pipeline);
    return err ? err : pipeline_status(s->pipeline);
}

int session_finish(struct session *s, struct profile **out)
{
    uint64_t duration = clock_now_ns() - s->started_ns;
    sources_stop(&s->sources);
    if (s->unseen)
        unseen_stop(s->unseen);
    int err = drain(s);
    stopped_look(&s->stopped, s->target.process.pid, clock_now_ns());
    for (size_t i = 0; i < s->sources.count && !err; i++)
        err = end_source(s, &s->sources.list[i], duration);
    if (!err && s->unseen)
        err = note_unseen(s);
    if (err)
        return err;
    *out = s->profile;
    s->profile = NULL;
    return 0;
}
