#include "cli/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/paused.h"
#include "cli/pipeline.h"
#include "cli/session_meta.h"
#include "cli/stopped.h"
#include "cli/unseen.h"
#include "cli/target_state.h"
#include "engine/engine.h"
#include "engine/rights.h"

#define LOOK_AGAIN_NS (200 * NS_PER_MS)

struct session {
    struct target_state target;
    const struct engine_ops *ops;
    struct engine *engine;
    struct unwinder *unwinder;
    struct symbols *symbols;
    struct profile *profile;
    struct pipeline *pipeline;
    uint64_t started_ns, looked_ns;
    struct stopped stopped;
    struct paused paused;
    uint64_t cpu_ns; /* of the node, when sampling began; 0: not known */
    bool gone;
};

static int open_readers(struct session *s)
{
    struct target_state *t = &s->target;
    const struct unwind_config unwind = {.process = &t->process,
                                         .memory = &t->memory,
                                         .jit = t->jit,
                                         .layout = &t->layout};
    const struct symbols_config symbols = {
        .process = &t->process, .memory = &t->memory, .jit = t->jit};
    int err = unwinder_open(&unwind, &s->unwinder);
    if (!err)
        err = unwinder_set_maps(s->unwinder, &t->maps);
    if (!err)
        err = symbols_open(&symbols, &s->symbols);
    if (!err)
        err = symbols_set_maps(s->symbols, &t->maps);
    if (!err)
        err = profile_create(&s->profile);
    if (!err)
        err =
            pipeline_open(t, s->unwinder, s->symbols, s->profile, &s->pipeline);
    return err;
}

static struct engine_view view_of(const struct session *s)
{
    return (struct engine_view){.threads = &s->target.threads,
                                .layout = &s->target.layout,
                                .maps = &s->target.maps,
                                .code_list = jit_head_address(s->target.jit)};
}

static int open_engine(struct session *s, const struct session_options *o)
{
    const struct engine_config config = {
        .pid = o->pid,
        .view = view_of(s),
        .rate = o->rate,
        .event = o->event && strcmp(o->event, "cycles") == 0 ? ENGINE_CYCLES
                                                             : ENGINE_CPU_CLOCK,
        .kernel_stacks = o->kernel,
        .force = o->force,
        .max_cost = o->max_cost,
    };
    struct engine_choice choice;
    int err = engine_open(o->engine ? o->engine : "auto", &config, &choice,
                          &s->engine);
    s->ops = choice.ops;
    err = err ? err : session_meta_engine(s->profile, &choice);
    return err ? err : s->ops->start(s->engine);
}

/* Says why, where the error itself only says that something is forbidden. */
static int explain(int err, pid_t pid)
{
    struct rights rights;
    rights_read(pid, &rights);
    return rights_explain(&rights, err);
}

int session_open(const struct session_options *o, struct session **out)
{
    struct session *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    int err = target_state_open(&s->target, o->pid);
    if (!err)
        err = open_readers(s);
    if (!err)
        err = session_meta_begin(s->profile, &s->target, o);
    if (!err)
        err = open_engine(s, o);
    if (err) {
        session_close(s);
        return explain(err, o->pid);
    }
    s->started_ns = s->looked_ns = clock_now_ns();
    session_meta_started(s->profile);
    if (o->timeline)
        pipeline_keep_time(s->pipeline, s->started_ns);
    stopped_look(&s->stopped, o->pid, s->started_ns);
    paused_begin(&s->paused);
    s->cpu_ns = unseen_cpu_ns(o->pid);
    *out = s;
    return 0;
}

void session_close(struct session *s)
{
    if (!s)
        return;
    if (s->engine)
        s->ops->close(s->engine);
    pipeline_close(s->pipeline);
    symbols_close(s->symbols);
    unwinder_close(s->unwinder);
    profile_destroy(s->profile);
    target_state_close(&s->target);
    free(s);
}

static void on_sample(void *ctx, const struct sample *sample)
{
    struct session *s = ctx;
    if (!pipeline_sample(s->pipeline, sample) && s->ops->stack_short)
        s->ops->stack_short(s->engine);
}

/* Threads come and go, libraries are loaded: look at the node again. */
static int look_again(struct session *s)
{
    struct maps old = {0};
    int changed = target_state_refresh(&s->target, &old);
    if (changed < 0)
        return changed;
    int err = 0;
    if (changed & TARGET_NEW_MAPS) {
        err = unwinder_set_maps(s->unwinder, &s->target.maps);
        if (!err)
            err = symbols_set_maps(s->symbols, &s->target.maps);
        maps_deinit(&old);
    }
    const struct engine_view view = view_of(s);
    if (!err)
        err = s->ops->follow(s->engine, &view);
    s->looked_ns = clock_now_ns();
    stopped_look(&s->stopped, s->target.process.pid, s->looked_ns);
    return err;
}

static int step(struct session *s, int timeout_ms)
{
    int news = s->ops->poll(s->engine, timeout_ms, on_sample, s);
    paused_look(&s->paused);
    if (news < 0)
        return news;
    if (news > 0 || clock_now_ns() - s->looked_ns >= LOOK_AGAIN_NS) {
        int err = look_again(s);
        if (err)
            return err;
    }
    return pipeline_status(s->pipeline);
}

int session_run(struct session *s, unsigned ms)
{
    uint64_t end = clock_now_ns() + ms * NS_PER_MS;
    for (;;) {
        uint64_t now = clock_now_ns();
        if (now >= end)
            return 0;
        uint64_t left_ms = (end - now + NS_PER_MS - 1) / NS_PER_MS;
        int err = step(s, (int)(left_ms < 20 ? left_ms : 20));
        if (err) {
            s->gone = err == -E_GONE || !process_alive(&s->target.process);
            return s->gone ? -E_GONE : err;
        }
    }
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
        .samples = c.samples,
        .lost = c.lost,
    };
}

/* Where CPU time is what is sampled, and all of it. */
static int note_unseen(struct session *s, uint64_t cpu_ns)
{
    const struct profile_meta *m = profile_meta(s->profile);
    bool all = m->kernel_included &&
               strcmp(profile_text(s->profile, m->event), "cpu-clock") == 0;
    if (!all || s->cpu_ns == 0 || cpu_ns < s->cpu_ns)
        return 0;
    return unseen_note(s->profile, cpu_ns - s->cpu_ns, s->paused.total_ns);
}

int session_finish(struct session *s, struct profile **out)
{
    uint64_t duration = clock_now_ns() - s->started_ns;
    s->ops->stop(s->engine);
    uint64_t cpu_ns = unseen_cpu_ns(s->target.process.pid);
    int err = s->ops->poll(s->engine, 0, on_sample, s);
    if (err >= 0 || err == -E_GONE)
        err = pipeline_status(s->pipeline);
    if (!err)
        err = session_meta_end(s->profile, &s->target, s->ops, s->engine,
                               duration, s->gone);
    stopped_look(&s->stopped, s->target.process.pid, clock_now_ns());
    if (!err)
        err = stopped_note(&s->stopped, s->profile);
    if (!err)
        err = paused_note(&s->paused, s->profile);
    if (!err)
        err = note_unseen(s, cpu_ns);
    if (err)
        return err;
    *out = s->profile;
    s->profile = NULL;
    return 0;
}
