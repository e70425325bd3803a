/*
 * The event wall: samples Erlang processes, whether they run or wait, from the
 * node's process table. Nothing in the node is changed or stopped.
 *
 * At each tick, the processes that others wait for are read (view.watched), and
 * of all others MOST_PROCESSES, chosen at random, or all if there are no more.
 * A process that is watched stands for the time since the last tick; another
 * one also stands for its share of those that were not read. So the samples of
 * a recording stand for all the time of all processes. The time between ticks
 * is random, so that work with a period of its own is not always met at the
 * same place. Ticks take at most a quarter of a CPU: on a node whose table is
 * so large that they would take more, there are fewer.
 */
#include "engine/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/deadline.h"
#include "base/random.h"
#include "target/proctable.h"

enum {
    MOST_PROCESSES = 1000,
    MOST_PERIODS = 10, /* that one tick stands for, if others were missed, */
};
#define MOST_NS (5 * NS_PER_S) /* or this much, if that is more */

static const struct pace tick_pace = {.burst_ns = 200 * NS_PER_MS, .share = 3};

struct engine {
    struct proctable *processes;
    uint64_t random;
    uint64_t mean_ns;          /* between ticks */
    uint64_t last_ns, next_ns; /* ticks */
    struct pace pace;
    bool stopped, ended; /* ended: the last tick was done */
    uint64_t watched[PROCTABLE_PICKED];
    size_t watched_count;
    struct kept *kept;
    size_t kept_count, kept_cap;
    struct buffer bytes;
    void (*meanwhile)(void *ctx);
    void *meanwhile_ctx;
    struct engine_counters counters;
};

/* A process that was read, with its stack in `bytes`. */
struct kept {
    struct sample sample;
    size_t stack; /* where its stack begins */
};

/* One tick. */
struct tick {
    struct engine *e;
    uint64_t since_ns;  /* the time since the last tick */
    uint64_t others_ns; /* that a process stands for, unless it is watched;
                           known when all are read */
    engine_on_sample *on_sample;
    void *ctx;
    bool full; /* no more samples are taken */
};

static int wall_open(const struct engine_config *config, struct engine **out)
{
    struct engine *e = calloc(1, sizeof(*e));
    if (!e)
        return -ENOMEM;
    e->processes = config->processes;
    e->mean_ns = NS_PER_S / config->rate;
    e->pace = tick_pace;
    e->meanwhile = config->meanwhile;
    e->meanwhile_ctx = config->meanwhile_ctx;
    buffer_init(&e->bytes, BUFFER_DEFAULT_MAX);
    e->random = clock_now_ns() ^ ((uint64_t)getpid() << 32);
    *out = e;
    return 0;
}

static void wall_close(struct engine *e)
{
    if (e) {
        buffer_deinit(&e->bytes);
        free(e->kept);
    }
    free(e);
}

/* The next tick is half a mean to one and a half away. */
static void plan(struct engine *e, uint64_t from_ns)
{
    e->next_ns =
        from_ns + e->mean_ns / 2 + random_next(&e->random) % (e->mean_ns + 1);
}

static int wall_start(struct engine *e)
{
    e->last_ns = clock_now_ns();
    plan(e, e->last_ns);
    return 0;
}

/* --- one tick ------------------------------------------------------------- */

/* Processes may live for less time than it takes to name all of them. So first
 * all are read, and then they are handed out. */
static int keep(void *tick, const struct proctable_process *p)
{
    struct tick *t = tick;
    struct engine *e = t->e;
    int err = ARRAY_RESERVE(e->kept, e->kept_cap, e->kept_count + 1);
    if (err)
        return err;
    struct kept *k = &e->kept[e->kept_count++];
    k->sample = proctable_sample(p);
    k->sample.at_rest.tick = (uint32_t)e->counters.ticks;
    k->sample.period_ns = p->picked ? t->since_ns : 0;
    k->stack = e->bytes.len;
    if (p->top)
        buffer_add(&e->bytes, p->top, p->top_bytes);
    if (p->root)
        buffer_add(&e->bytes, p->root, p->root_bytes);
    if (e->meanwhile)
        e->meanwhile(e->meanwhile_ctx);
    return buffer_status(&e->bytes);
}

static void hand_out(struct tick *t, struct sample *s)
{
    struct engine_counters *c = &t->e->counters;
    if (t->full) {
        c->lost++;
        c->lost_ns += s->period_ns;
        return;
    }
    c->samples++;
    t->full = !t->on_sample(t->ctx, s);
}

static void hand_out_kept(struct tick *t)
{
    for (size_t i = 0; i < t->e->kept_count; i++) {
        struct kept *k = &t->e->kept[i];
        const uint8_t *stack = t->e->bytes.data + k->stack;
        if (!k->sample.period_ns)
            k->sample.period_ns = t->others_ns;
        if (k->sample.erlang.len)
            k->sample.erlang.bytes = stack;
        if (k->sample.erlang_root.len)
            k->sample.erlang_root.bytes = stack + k->sample.erlang.len;
        hand_out(t, &k->sample);
    }
}

/* Processes whose slot was in use when they were chosen: they ended before they
 * were read, or were not filled in yet. A freed struct may be in use again, so
 * the two cannot be told apart. */
static void hand_out_nameless(struct tick *t, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        struct sample s = {.time_ns = clock_now_ns(),
                           .period_ns = t->others_ns,
                           .of = SAMPLE_PROCESS,
                           .at_rest = {.state = PROCSTATE_EXITING}};
        hand_out(t, &s);
    }
}

/* After a pause of cprof, the time that nobody saw is in no sample. */
static uint64_t since_last(const struct engine *e, uint64_t now_ns)
{
    uint64_t most = MOST_PERIODS * e->mean_ns;
    most = most > MOST_NS ? most : MOST_NS;
    return now_ns - e->last_ns < most ? now_ns - e->last_ns : most;
}

static int read_chosen(struct engine *e, struct tick *t)
{
    const struct proctable_choice choice = {.most = MOST_PROCESSES,
                                            .random = &e->random,
                                            .pids = e->watched,
                                            .pid_count = e->watched_count};
    struct proctable_counts counts;
    struct proctable_part part;
    e->kept_count = e->bytes.len = 0;
    int err =
        proctable_read_part(e->processes, &choice, keep, t, &counts, &part);
    double each = part.chosen ? (double)part.others / (double)part.chosen : 0;
    t->others_ns = (uint64_t)((double)t->since_ns * each);
    hand_out_kept(t);
    hand_out_nameless(t, counts.ended + counts.being_made);
    e->counters.partial += part.others > part.chosen;
    e->counters.changed += counts.torn;
    e->counters.unreadable += counts.unreadable;
    e->counters.ended += counts.ended + counts.being_made;
    if (err != -E_TIME && err != -EINTR)
        return err;
    if (part.chosen < part.wanted)
        e->counters.lost += part.wanted - part.chosen;
    return 0;
}

static int run_tick(struct engine *e, uint64_t now_ns,
                    engine_on_sample *on_sample, void *ctx)
{
    struct tick t = {.e = e,
                     .since_ns = since_last(e, now_ns),
                     .on_sample = on_sample,
                     .ctx = ctx};
    int err = read_chosen(e, &t);
    plan(e, now_ns);
    e->last_ns = now_ns;
    e->counters.ticks++;
    return err;
}

static int wall_poll(struct engine *e, int timeout_ms,
                     engine_on_sample *on_sample, void *ctx)
{
    uint64_t limit_ns = clock_now_ns() + (uint64_t)timeout_ms * NS_PER_MS;
    if (e->ended)
        return 0;
    if (!e->stopped)
        clock_wait_until(e->next_ns < limit_ns ? e->next_ns : limit_ns);
    uint64_t now_ns = clock_now_ns();
    if (!e->stopped && now_ns < e->next_ns)
        return 0;
    if (!e->stopped && !pace_begin(&e->pace)) {
        plan(e, now_ns);
        return 0;
    }
    e->ended = e->stopped;
    int err = run_tick(e, now_ns, on_sample, ctx);
    pace_end(&e->pace);
    return err;
}

static uint64_t wall_due(const struct engine *e)
{
    return e->next_ns;
}

static int wall_follow(struct engine *e, const struct engine_view *view)
{
    e->watched_count = view->watched_count < PROCTABLE_PICKED
                           ? view->watched_count
                           : PROCTABLE_PICKED;
    if (e->watched_count)
        memcpy(e->watched, view->watched,
               e->watched_count * sizeof(e->watched[0]));
    return 0;
}

static void wall_stop(struct engine *e)
{
    e->stopped = true;
}

static struct engine_counters wall_counters(const struct engine *e)
{
    return e->counters;
}

static struct engine_info wall_info(const struct engine *e)
{
    (void)e;
    return (struct engine_info){.kernel_included = false};
}

const struct engine_ops engine_wall = {
    .name = "process-table",
    .open = wall_open,
    .start = wall_start,
    .poll = wall_poll,
    .due_ns = wall_due,
    .follow = wall_follow,
    .stop = wall_stop,
    .counters = wall_counters,
    .info = wall_info,
    .close = wall_close,
};
