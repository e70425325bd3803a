/*
 * The engine `perf`: one event per thread, each with its own ring. It works
 * without privileges on processes of the same user. Such events slow down every
 * switch of threads, so they are armed only for so much of the time that their
 * cost stays below a bound (perf_duty.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/engine.h"
#include "engine/own_priority.h"
#include "engine/perf_pace.h"
#include "engine/perf_threads.h"

enum {
    LATE_NS = 10 * 1000 * 1000,
    SWEEP_NS = 50 * 1000 * 1000,
    READY_MAX = 64,
};

struct engine {
    pid_t pid;
    struct perf_threads threads;
    bool running;
    struct perf_pace pace;
    bool new_threads;
    struct own_priority priority;
    uint64_t sweep_ns;              /* when all rings are read next */
    struct perf_thread *handed_out; /* the thread of the current callback */
    struct engine_counters counters;
    struct perf_record record;
    uint8_t scratch[PERF_RECORDS_MAX_BYTES];
};

/* --- the engine's life --------------------------------------------------- */

static void close_engine(struct engine *e)
{
    if (!e)
        return;
    perf_threads_deinit(&e->threads);
    own_priority_restore(&e->priority);
    free(e);
}

static struct perf_event_setup setup_of(const struct engine_config *config)
{
    return (struct perf_event_setup){
        .event = config->event,
        .rate = config->rate,
        .period_ns = NS_PER_S / config->rate,
        .kernel = true,
        .callchain = config->kernel_stacks,
    };
}

/* --- open and close ------------------------------------------------------- */

static int open_engine(const struct engine_config *config, struct engine **out)
{
    if (config->rate < ENGINE_MIN_RATE || config->rate > ENGINE_MAX_RATE)
        return -EINVAL;
    struct engine *e = calloc(1, sizeof(*e));
    if (!e)
        return -ENOMEM;
    e->pid = config->pid;
    struct perf_event_setup setup = setup_of(config);
    e->pace.pid = config->pid;
    int result = perf_threads_init(&e->threads, &setup);
    if (result == 0)
        result = perf_pace_measure(&e->pace, &e->threads.setup,
                                   config->view.threads, config->max_cost);
    if (result == 0)
        result = perf_threads_open(&e->threads, config->view.threads);
    if (result == 0 && e->threads.count == 0)
        result = -E_GONE;
    if (result) {
        close_engine(e);
        return perf_event_error(result);
    }
    *out = e;
    return 0;
}

static int probe(pid_t pid)
{
    struct thread main_thread = {.tid = pid, .kind = THREAD_OTHER};
    struct perf_event_setup setup = setup_of(
        &(struct engine_config){.rate = 99, .event = ENGINE_CPU_CLOCK});
    struct perf_thread t;
    int result =
        perf_threads_open_one(&main_thread, &setup, PERF_THREAD_MIN_RING, &t);
    if (result == 0)
        perf_thread_close(&t);
    return perf_event_error(result);
}

static int start(struct engine *e)
{
    /* Data that is read from the node after a sample must be read soon. */
    own_priority_raise(&e->priority);
    e->running = true;
    return perf_pace_begin(&e->pace, &e->threads);
}

static void stop(struct engine *e)
{
    e->running = false;
    perf_pace_end(&e->pace, &e->threads);
}

/* --- handing out --------------------------------------------------------- */

/* Is a stack copy of the full length too short? In a thread that runs JIT code,
 * the stack pointer is mostly inside a heap, with other memory behind it, so
 * every copy has the full length; there only the unwinder knows
 * (stack_short). */
static bool full_is_short(const struct perf_thread *t)
{
    return t->kind != THREAD_NORMAL;
}

static bool hand_out(struct engine *e, struct perf_thread *t,
                     engine_on_sample *on_sample, void *ctx)
{
    struct sample *s = &e->record.sample;
    if (e->threads.setup.event == ENGINE_CYCLES)
        s->period_ns = e->threads.setup.period_ns; /* it was in cycles */
    if (!perf_pace_weigh(&e->pace, t->kind, s))
        return true;
    e->counters.samples++;
    e->counters.stack_cut += e->record.stack_cut;
    uint64_t now = clock_now_ns();
    if (now > s->time_ns && now - s->time_ns > LATE_NS)
        e->counters.late++;
    perf_thread_saw(t, e->record.stack_cut && full_is_short(t));
    e->handed_out = t;
    bool more = on_sample(ctx, s);
    e->handed_out = NULL;
    return more;
}

/* Handles one record; false: no more for now. */
static bool take(struct engine *e, struct perf_thread *t,
                 engine_on_sample *on_sample, void *ctx)
{
    switch (e->record.kind) {
    case PERF_RECORDS_SAMPLE:
        return hand_out(e, t, on_sample, ctx);
    case PERF_RECORDS_LOST:
        perf_thread_told_lost(t, e->record.lost);
        perf_weights_lost(&e->pace.weights, t->kind, e->record.lost,
                          clock_now_ns());
        break;
    case PERF_RECORDS_THROTTLE:
        e->counters.throttled++;
        break;
    case PERF_RECORDS_FORK:
        e->new_threads |= e->record.pid == e->pid;
        break;
    case PERF_RECORDS_EXIT: /* its descriptor also shows it */
    case PERF_RECORDS_OTHER:
        break;
    }
    return true;
}

/* Handles the records of a ring; false: there are more, but not for now. */
static bool drain(struct engine *e, struct perf_thread *t,
                  engine_on_sample *on_sample, void *ctx)
{
    struct perf_records records = perf_thread_records(t, e->scratch);
    uint64_t from = records.tail;
    int result;
    bool more = true;
    while (more && (result = perf_records_next(&records, &e->record)) != 0) {
        if (result < 0)
            e->counters.lost++; /* at least one; this was never seen */
        else
            more = take(e, t, on_sample, ctx);
        perf_event_release(&t->ring, records.tail);
    }
    e->counters.bytes += records.tail - from;
    return more;
}

static void tune(struct engine *e, struct perf_thread *t)
{
    if (!e->threads.armed || t->over)
        return;
    if (!perf_thread_wants_growth(t))
        perf_jitter_redraw(&t->jitter, t->fd, &e->threads.setup);
    else if (perf_thread_grow(t) == 0 &&
             perf_threads_watch(&e->threads, t) != 0)
        t->over = true;
}

static void drain_all(struct engine *e, engine_on_sample *on_sample, void *ctx)
{
    for (size_t i = 0; i < e->threads.count; i++) {
        if (!drain(e, e->threads.list[i], on_sample, ctx))
            return;
        tune(e, e->threads.list[i]);
    }
}

static void drain_ready(struct engine *e, const struct epoll_event *ready,
                        int n, engine_on_sample *on_sample, void *ctx)
{
    for (int i = 0; i < n; i++) {
        struct perf_thread *t = ready[i].data.ptr;
        if (!drain(e, t, on_sample, ctx))
            return;
        t->over |= (ready[i].events & (EPOLLHUP | EPOLLERR)) != 0;
        tune(e, t);
    }
}

/* The time to wait: until the next edge, but at most timeout_ms. */
static int until_edge(const struct engine *e, int timeout_ms)
{
    if (!e->running)
        return 0;
    uint64_t now = clock_now_ns(), edge = e->pace.duty.edge_ns;
    if (edge <= now)
        return 0;
    uint64_t ms = (edge - now) / NS_PER_MS + 1;
    return ms < (uint64_t)timeout_ms ? (int)ms : timeout_ms;
}

static int poll_engine(struct engine *e, int timeout_ms,
                       engine_on_sample *on_sample, void *ctx)
{
    struct epoll_event ready[READY_MAX];
    int n = epoll_wait(e->threads.epoll, ready, READY_MAX,
                       until_edge(e, timeout_ms));
    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    drain_ready(e, ready, n, on_sample, ctx);
    perf_threads_remove_ended(&e->threads);
    /* Only samples wake us, but any ring may have records about threads. */
    uint64_t now = clock_now_ns();
    if (now >= e->sweep_ns || !e->running) {
        drain_all(e, on_sample, ctx);
        perf_threads_remove_ended(&e->threads);
        e->sweep_ns = now + SWEEP_NS;
    }
    if (e->threads.count == 0)
        return -E_GONE;
    int result = e->running ? perf_pace_keep(&e->pace, &e->threads) : 0;
    if (result)
        return result;
    result = e->new_threads;
    e->new_threads = false;
    return result;
}

/* --- figures ------------------------------------------------------------- */

static void stack_short(struct engine *e)
{
    if (e->handed_out)
        e->handed_out->recent_short++;
}

static int follow(struct engine *e, const struct engine_view *view)
{
    int result = perf_threads_add(&e->threads, view->threads);
    perf_pace_follow(&e->pace, &e->threads);
    return result;
}

static struct engine_counters counters(const struct engine *e)
{
    struct engine_counters result = e->counters;
    result.lost += perf_threads_lost(&e->threads);
    return result;
}

static struct engine_info info(const struct engine *e)
{
    struct engine_info result = {
        .kernel_included = e->threads.setup.kernel,
        .threads = e->threads.count,
        .threads_skipped = e->threads.skipped,
        .skipped_why = e->threads.why,
    };
    perf_pace_info(&e->pace, &result);
    for (size_t i = 0; i < e->threads.count; i++) {
        const struct perf_thread *t = e->threads.list[i];
        result.ring_bytes += t->ring.size;
        if (t->setup.stack_bytes > result.stack_bytes)
            result.stack_bytes = t->setup.stack_bytes;
    }
    return result;
}

const struct engine_ops engine_perf = {
    .name = "perf",
    .soon = true,
    .probe = probe,
    .open = open_engine,
    .start = start,
    .poll = poll_engine,
    .follow = follow,
    .stop = stop,
    .counters = counters,
    .info = info,
    .close = close_engine,
    .stack_short = stack_short,
};
