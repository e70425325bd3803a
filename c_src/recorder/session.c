#include "recorder/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "engine/engine.h"
#include "recorder/limits.h"
#include "recorder/paused.h"
#include "recorder/pipeline.h"
#include "recorder/readers.h"
#include "recorder/session_meta.h"
#include "recorder/stopped.h"
#include "recorder/target_state.h"
#include "recorder/unseen.h"

/* The share of the node's CPU time that events on its threads may cost. */
#define MAX_COST 0.05

enum {
    POLL_MS = 700, /* for processing the samples of one poll */
    /* For reading what one sample needs. It is long, because what cannot be
     * read stays without a name, and a busy machine is slow. */
    SAMPLE_MS = 3000,
    LOOK_MS = 300,   /* for one look at the node */
    DRAIN_MS = 5000, /* for processing what is queued at the end */
    STOP_MS = 300,   /* for samples, after the user has asked to stop */
};

struct session {
    struct target_state target;
    struct proctable *processes; /* only for the event wall */
    const struct engine_ops *ops;
    struct engine *engine;
    struct readers readers;
    struct profile *profile;
    struct pipeline *pipeline;
    uint64_t started_ns;
    struct pace look_pace;
    const volatile sig_atomic_t *stop;
    struct deadline poll_until;
    bool draining;    /* sampling is over, the rings are being emptied */
    bool cut;         /* *stop has shortened poll_until */
    uint64_t untaken; /* samples that there was no time to process */
    struct stopped stopped;
    struct paused paused;
    struct unseen *unseen; /* NULL if no CPU time is sampled */
    bool gone;
};

static bool is_stopped(const struct session *s)
{
    return s->stop && *s->stop;
}

static int open_readers(struct session *s)
{
    struct target_state *t = &s->target;
    int err = readers_open(t, &s->readers);
    if (!err)
        err = profile_create(&s->profile);
    if (!err)
        err = pipeline_open(t, s->readers.unwinder, s->readers.symbols,
                            s->profile, &s->pipeline);
    return err;
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

static enum engine_event event_of(const struct session_options *o)
{
    enum engine_event event = ENGINE_CPU_CLOCK;
    for (int i = 0; o->event && engine_event_names[i]; i++)
        if (strcmp(o->event, engine_event_names[i]) == 0)
            event = (enum engine_event)i;
    return event;
}

/* For the event wall: the process table, and what the rows count. */
static int open_wall(struct session *s)
{
    static const struct value_texts values[] = {VALUE_WALL, VALUE_SAMPLES};
    int err = target_state_processes(&s->target, &s->processes);
    return err ? err : profile_set_values(s->profile, values, 2);
}

/* Several engines can sample CPU time, but only one can sample processes. */
static int choose_engine(struct session *s, const struct session_options *o,
                         const struct engine_config *config,
                         struct engine_choice *choice)
{
    if (config->event != ENGINE_WALL)
        return engine_open(o->engine ? o->engine : ENGINE_AUTO, config, choice,
                           &s->engine);
    choice->ops = &engine_wall;
    return engine_wall.open(config, &s->engine);
}

static int open_engine(struct session *s, const struct session_options *o)
{
    int err = event_of(o) == ENGINE_WALL ? open_wall(s) : 0;
    const struct engine_config config = {
        .pid = o->pid,
        .view = view_of(s),
        .processes = s->processes,
        .rate = o->rate,
        .event = event_of(o),
        .kernel_stacks = o->kernel,
        .force = o->force,
        .max_cost = MAX_COST,
    };
    struct engine_choice choice = {.ops = NULL};
    struct limits_spare spare;
    err = err ? err : limits_keep(&spare);
    if (!err) {
        err = choose_engine(s, o, &config, &choice);
        limits_release(&spare);
    }
    s->ops = choice.ops;
    err = err ? err : session_meta_engine(s->profile, &choice);
    if (!err && s->ops->soon)
        readers_prepare(&s->readers, o->kernel);
    err = err ? err : s->ops->start(s->engine);
    if (!err && !s->processes)
        err = unseen_open(o->pid, &s->target.threads, &s->unseen);
    return err;
}

/* To look every 200 ms is enough to notice new threads and libraries. Looking
 * takes at most a tenth of the time. */
#define LOOK_PAUSE_NS (200 * NS_PER_MS)
static const struct pace look_pace = {.burst_ns = 50 * NS_PER_MS, .share = 9};

int session_open(const struct session_options *o, struct session **out)
{
    struct session *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->stop = o->stop;
    s->look_pace = look_pace;
    const struct deadline attach = deadline_in(TARGET_ATTACH_MS, o->stop);
    int err = limits_check();
    if (!err)
        err = target_state_open(&s->target, o->pid, &attach);
    if (!err)
        err = open_readers(s);
    if (!err)
        err = session_meta_begin(s->profile, &s->target, o);
    if (!err)
        err = pipeline_leave_out(s->pipeline, o->own, o->own_count);
    if (!err)
        err = open_engine(s, o);
    if (!err && is_stopped(s))
        err = -EINTR;
    if (err) {
        session_close(s);
        return readers_explain(err, o->pid);
    }
    s->started_ns = clock_now_ns();
    session_meta_started(s->profile);
    if (o->timeline)
        pipeline_keep_time(s->pipeline, s->started_ns);
    stopped_look(&s->stopped, o->pid, s->started_ns);
    paused_begin(&s->paused);
    *out = s;
    return 0;
}

void session_close(struct session *s)
{
    if (!s)
        return;
    if (s->engine)
        s->ops->close(s->engine);
    unseen_close(s->unseen);
    pipeline_close(s->pipeline);
    readers_close(&s->readers);
    proctable_close(s->processes);
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

static void see_cpu_time(struct session *s, const struct sample *sample)
{
    struct thread new;
    const struct thread *t = threads_find(&s->target.threads, sample->tid);
    if (!t)
        threads_newcomer(&s->target.threads, sample->tid, sample->comm, &new);
    unseen_sample(s->unseen, t ? t->kind : new.kind, sample);
}

/* When the time is over, the remaining samples stay in the rings until the next
 * poll. In the last poll they are only counted. */
static bool on_sample(void *ctx, const struct sample *sample)
{
    struct session *s = ctx;
    if (s->draining && is_over(s)) {
        s->untaken++;
        return true;
    }
    s->target.until = deadline_in(SAMPLE_MS, NULL);
    if (s->unseen)
        see_cpu_time(s, sample);
    if (!pipeline_sample(s->pipeline, sample) && s->ops->stack_short)
        s->ops->stack_short(s->engine);
    return s->draining || !is_over(s);
}

/* An engine that reads the node itself may take as long as one sample; a wish
 * to stop does not cut that short, because its result is still wanted. */
static int poll_engine(struct session *s, int timeout_ms, uint64_t work_ms)
{
    s->target.until = deadline_in(SAMPLE_MS, NULL);
    s->poll_until = deadline_in((uint64_t)timeout_ms + work_ms, NULL);
    return s->ops->poll(s->engine, timeout_ms, on_sample, s);
}

static int take_maps(struct session *s, struct maps *old)
{
    int err = readers_set_maps(&s->readers, &s->target.maps);
    maps_deinit(old);
    return err;
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
    int err = changed & TARGET_NEW_MAPS ? take_maps(s, &old) : 0;
    const struct engine_view view = view_of(s);
    struct limits_spare spare;
    err = err ? err : limits_keep(&spare);
    if (err)
        return err;
    err = s->ops->follow(s->engine, &view);
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
    int news = poll_engine(s, timeout_ms, POLL_MS);
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

struct session_progress session_progress(const struct session *s)
{
    struct engine_counters c = s->ops->counters(s->engine);
    return (struct session_progress){
        .elapsed_ns = clock_now_ns() - s->started_ns,
        .samples = c.samples - s->untaken,
        .lost = c.lost + s->untaken,
    };
}

/* The note is added only if CPU time is sampled, in the kernel too. */
static int note_unseen(struct session *s)
{
    const struct profile_meta *m = profile_meta(s->profile);
    const struct engine_counters c = s->ops->counters(s->engine);
    const struct engine_info info = s->ops->info(s->engine);
    bool all =
        m->kernel_included && strcmp(profile_text(s->profile, m->event),
                                     engine_event_names[ENGINE_CPU_CLOCK]) == 0;
    const struct unseen_reasons why = {.engine = &c,
                                       .info = &info,
                                       .untaken = s->untaken,
                                       .paused_ns = s->paused.total_ns};
    return unseen_note(s->unseen, s->profile, &why, all);
}

int session_finish(struct session *s, struct profile **out)
{
    uint64_t duration = clock_now_ns() - s->started_ns;
    s->ops->stop(s->engine);
    if (s->unseen)
        unseen_stop(s->unseen);
    s->cut = false;
    s->draining = true;
    int err = poll_engine(s, 0, DRAIN_MS);
    s->target.until = deadline_in(SAMPLE_MS, NULL);
    pipeline_settle(s->pipeline);
    if (err >= 0 || err == -E_GONE)
        err = pipeline_status(s->pipeline);
    if (!err)
        err = session_meta_end(s->profile, &s->target, s->ops, s->engine,
                               duration, s->gone);
    if (!err)
        profile_counters_edit(s->profile)->samples -=
            pipeline_left_out(s->pipeline);
    stopped_look(&s->stopped, s->target.process.pid, clock_now_ns());
    if (!err)
        err = stopped_note(&s->stopped, s->profile);
    if (!err)
        err = paused_note(&s->paused, s->profile);
    if (!err)
        err = session_meta_untaken(s->profile, s->untaken);
    if (!err && s->unseen)
        err = note_unseen(s);
    if (err)
        return err;
    *out = s->profile;
    s->profile = NULL;
    return 0;
}
