/*
 * The engine `ptrace`, for hosts that forbid perf events. It stops one running
 * thread at a time, copies its stacks, and lets it go. The samples are exact,
 * but they burden the node. So this engine is used only on request, at a low
 * rate, and not on a machine without a spare CPU.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/random.h"
#include "engine/engine.h"
#include "engine/ptrace_hand.h"
#include "engine/ptrace_holds.h"
#include "engine/ptrace_limit.h"
#include "engine/ptrace_load.h"
#include "engine/ptrace_stop.h"
#include "engine/ptrace_threads.h"

enum {
    MAX_RATE = 99,
    /* The mean time between rounds: the period divided by this, but at most
     * LONGEST_LOOK_NS. */
    LOOKS_PER_PERIOD = 4,
    LONGEST_LOOK_NS = 5 * 1000 * 1000,
    /* The pause after a failed stop; doubled with each failure in a row. */
    PAUSE_NS = 50 * 1000 * 1000,
    MOST_PAUSES = 5,
    /* If poll was not called for so long, the caller was stopped. The next
     * sample then does not stand for that time. */
    GAP_NS = 1000 * 1000 * 1000,
};

/* This is in memory shared with the hand, and has everything that its jobs
 * use. */
struct engine {
    struct ptrace_threads threads;
    struct ptrace_hand *hand;
    bool running;
    uint64_t random;   /* state of the generator */
    uint64_t look_ns;  /* when the next round of looks is */
    uint64_t poll_ns;  /* when the last poll ended */
    size_t found;      /* index of the thread that was stopped last */
    unsigned failures; /* failed stops in a row */
    struct engine_counters counters;
    struct ptrace_holds holds;
    struct ptrace_stop stop;
    struct ptrace_load load;

    engine_on_sample *on_sample; /* during poll */
    void *ctx;
};

/* --- the engine's life --------------------------------------------------- */

static int try_access(void *engine)
{
    struct engine *e = engine;
    return ptrace_stop_probe(e->threads.pid);
}

static int look_at_load(void *engine)
{
    struct engine *e = engine;
    ptrace_load_look(&e->load);
    return 0;
}

/* The hand does this, because its rights and its priority are the ones that
 * count: for Yama, it is not an ancestor of a node that we started. */
static int try_hand(struct engine *e, bool force)
{
    int err = ptrace_hand_do(e->hand, try_access, e);
    if (err || force)
        return err;
    err = ptrace_hand_do(e->hand, look_at_load, e);
    bool busy = err == -ETIMEDOUT || ptrace_load_saturated(&e->load);
    return busy ? -E_SATURATED : err;
}

static int set_view(struct engine *e, const struct engine_view *view)
{
    ptrace_copy_plan_of(view, &e->stop.what);
    int result = ptrace_threads_set(&e->threads, view);
    if (result > 0)
        ptrace_hand_renew(e->hand);
    return result < 0 ? result : 0;
}

static void close_engine(struct engine *e)
{
    if (!e)
        return;
    ptrace_hand_close(e->hand);
    ptrace_threads_deinit(&e->threads);
    ptrace_hand_forget(e, sizeof(*e));
}

static int check_config(const struct engine_config *config)
{
    if (config->rate < ENGINE_MIN_RATE)
        return -EINVAL;
    if (config->rate > MAX_RATE)
        return -E_RATE;
    if (config->event != ENGINE_CPU_CLOCK)
        return -E_NO_ENGINE;
    return ptrace_stop_probe(config->pid);
}

static int open_engine(const struct engine_config *config, struct engine **out)
{
    int err = check_config(config);
    if (err)
        return err;
    struct engine *e = ptrace_hand_memory(sizeof(*e));
    if (!e)
        return -ENOMEM;
    e->threads.pid = config->pid;
    e->threads.period_ns = NS_PER_S / config->rate;
    e->random = clock_now_ns() | 1;
    err = ptrace_hand_open(&e->hand);
    if (!err)
        err = set_view(e, &config->view);
    if (!err)
        err = try_hand(e, config->force);
    if (err) {
        close_engine(e);
        return err;
    }
    *out = e;
    return 0;
}

static int start(struct engine *e)
{
    e->poll_ns = clock_now_ns();
    ptrace_threads_begin(&e->threads, e->poll_ns);
    e->running = true;
    return 0;
}

/* Nothing is traced between samples, so there is nothing to release. */
static void stop(struct engine *e)
{
    e->running = false;
}

/* --- sampling ------------------------------------------------------------ */

/* Samples the i-th thread, which runs. */
static int stop_thread(struct engine *e, size_t i)
{
    struct ptrace_thread *t = &e->threads.list[i];
    e->stop.tid = t->tid;
    e->stop.files = t->files;
    e->stop.before = t->clock;
    e->stop.what.thread = t->plan;
    int result = ptrace_stop_sample(&e->stop);
    t->over = result == -ESRCH;
    if (e->stop.hold_ns) {
        ptrace_holds_add(&e->holds, e->stop.hold_ns);
        ptrace_threads_stopped(&e->threads, i, clock_now_ns());
    }
    return result;
}

/* In the hand: continues a round until the first sample (1), the end of the
 * round (0), or a failure. */
static int look_on(void *engine)
{
    struct engine *e = engine;
    int result = 0;
    while (result == 0) {
        e->found = ptrace_threads_next(&e->threads);
        if (e->found == e->threads.count)
            return 0;
        result = stop_thread(e, e->found);
        if (result == -ESRCH)
            result = 0;
    }
    return result;
}

static int look_first(void *engine)
{
    struct engine *e = engine;
    ptrace_threads_round(&e->threads, clock_now_ns());
    return look_on(e);
}

/* Hands out the sample of the i-th thread; false: no more for now. */
static bool hand_out(struct engine *e, size_t i)
{
    struct sample *s = &e->stop.sample;
    s->period_ns = ptrace_threads_sampled(&e->threads, i, e->stop.cpu_ns);
    e->counters.samples++;
    s->stack_full = s->stack.len > COPY_STACK - 4096; /* whole pages */
    e->counters.stack_cut += s->stack_full || s->erlang_root.len;
    e->counters.bytes += s->stack.len + s->seam.len + s->erlang.len +
                         s->erlang_root.len + sizeof(s->regs);
    return e->on_sample(e->ctx, s);
}

/* The machine may have become too busy: pause. */
static void back_off(struct engine *e)
{
    unsigned shift = e->failures < MOST_PAUSES ? e->failures : MOST_PAUSES;
    e->counters.missed++;
    e->failures++;
    e->look_ns = clock_now_ns() + ((uint64_t)PAUSE_NS << shift);
}

/* Rounds are at random distances, so that periodic work of the node is not
 * always sampled at the same point. */
static void plan_look(struct engine *e, uint64_t now_ns)
{
    uint64_t mean = e->threads.period_ns / LOOKS_PER_PERIOD;
    if (mean > LONGEST_LOOK_NS)
        mean = LONGEST_LOOK_NS;
    e->look_ns = now_ns + mean / 2 + random_next(&e->random) % mean;
}

/* One round over all threads. */
static void look(struct engine *e)
{
    plan_look(e, clock_now_ns());
    int result = ptrace_hand_do(e->hand, look_first, e);
    while (result > 0) {
        e->failures = 0;
        if (!hand_out(e, e->found))
            return;
        result = ptrace_hand_do(e->hand, look_on, e);
    }
    if (result < 0)
        back_off(e);
}

/* false when a signal interrupted it, which the caller must handle. */
static bool sleep_until(uint64_t ns)
{
    const struct timespec until = {(time_t)(ns / NS_PER_S),
                                   (long)(ns % NS_PER_S)};
    return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == 0;
}

/* Otherwise the next sample would stand for all the CPU time of the gap. */
static void leave_out_gap(struct engine *e)
{
    uint64_t now = clock_now_ns();
    if (now - e->poll_ns > GAP_NS)
        ptrace_threads_begin(&e->threads, now);
}

static void look_until(struct engine *e, uint64_t end)
{
    uint64_t before = e->counters.samples;
    while (e->running && e->counters.samples == before) {
        uint64_t wake = e->look_ns < end ? e->look_ns : end;
        if (!sleep_until(wake) || wake == end)
            break;
        look(e);
        if (ptrace_threads_sweep(&e->threads) == 0)
            break;
    }
}

static int poll_engine(struct engine *e, int timeout_ms,
                       engine_on_sample *on_sample, void *ctx)
{
    e->on_sample = on_sample;
    e->ctx = ctx;
    leave_out_gap(e);
    look_until(e, clock_now_ns() + (uint64_t)timeout_ms * NS_PER_MS);
    e->poll_ns = clock_now_ns();
    return e->threads.count ? 0 : -E_GONE;
}

/* --- figures ------------------------------------------------------------- */

static struct engine_counters counters(const struct engine *e)
{
    return e->counters;
}

static struct engine_info info(const struct engine *e)
{
    return (struct engine_info){
        .kernel_included = true,
        .stack_bytes = COPY_STACK,
        .threads = e->threads.count,
        .threads_skipped = e->threads.skipped,
        .hold_p50_ns = ptrace_holds_at(&e->holds, 500),
        .hold_p99_ns = ptrace_holds_at(&e->holds, 990),
        .hold_max_ns = e->holds.max_ns,
        .hold_limit_ns = PTRACE_LIMIT_NS,
    };
}

const struct engine_ops engine_ptrace = {
    .name = "ptrace",
    .soon = true,
    .opt_in = true,
    .probe = ptrace_stop_probe,
    .open = open_engine,
    .start = start,
    .poll = poll_engine,
    .follow = set_view,
    .stop = stop,
    .counters = counters,
    .info = info,
    .close = close_engine,
};
