/*
 * The engine `bpf`: one bare event per thread; a BPF program takes every
 * sample at its instant, with all that the unwinder needs (bpf/sampler.bpf.c),
 * into one ring. Nothing has to be read from the node soon after, so nobody is
 * woken for a sample.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/bpf_program.h"
#include "engine/bpf_sample.h"
#include "engine/engine.h"
#include "engine/perf_event.h"
#include "engine/perf_jitter.h"

struct bpf_thread {
    pid_t tid;
    struct copy_thread plan; /* as the program was told */
    int fd;                  /* of the event; belongs to the link */
    struct bpf_program_link *link;
    struct perf_jitter jitter;
};

struct engine {
    pid_t pid;
    struct perf_event_setup setup;
    struct bpf_program_handle *program;
    struct bpf_setup told; /* as the program was told */
    bool kernel_stacks;
    bool running;
    struct bpf_thread *threads; /* sorted by tid */
    size_t count, skipped;
    struct engine_counters counters;
    struct bpf_sample_room room;

    engine_on_sample *on_sample; /* during poll */
    void *ctx;
};

/* --- threads ------------------------------------------------------------- */

static int engine_error(int error)
{
    if (error == -EACCES || error == -EPERM)
        return -E_PERF_DENIED;
    if (error == -ENOENT || error == -ENOSYS || error == -EOPNOTSUPP ||
        error == -ENODEV)
        return -E_NO_ENGINE;
    return error == -ESRCH ? -E_NO_PROCESS : error;
}

/* Tells the program what is to be copied of the thread, when that changed. */
static int tell(struct engine *e, const struct engine_view *view,
                struct bpf_thread *t)
{
    struct copy_thread plan;
    copy_plan_thread(view, t->tid, &plan);
    if (memcmp(&plan, &t->plan, sizeof(plan)) == 0)
        return 0;
    t->plan = plan;
    return bpf_program_thread(e->program, t->tid, &plan);
}

static int open_thread(struct engine *e, const struct engine_view *view,
                       pid_t tid, struct bpf_thread *t)
{
    *t = (struct bpf_thread){.tid = tid};
    perf_jitter_init(&t->jitter, tid);
    int err = tell(e, view, t);
    t->fd = err ? err : perf_event_open(tid, &e->setup);
    if (t->fd < 0)
        return t->fd;
    err = bpf_program_attach(e->program, t->fd, tid, &t->link);
    if (!err && e->running)
        err = perf_event_enable(t->fd);
    return err;
}

static void close_thread(struct engine *e, struct bpf_thread *t)
{
    if (t->link)
        bpf_program_detach(t->link);
    bpf_program_forget(e->program, t->tid);
}

static struct bpf_thread *find_thread(struct engine *e, pid_t tid)
{
    size_t low = 0, high = e->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (e->threads[middle].tid < tid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < e->count && e->threads[low].tid == tid ? &e->threads[low]
                                                        : NULL;
}

/* A thread that goes on moves over from the old list, a new one is opened. */
static int put_thread(struct engine *e, const struct engine_view *view,
                      pid_t tid, struct bpf_thread *to)
{
    struct bpf_thread *old = find_thread(e, tid);
    if (old) {
        *to = *old;
        old->link = NULL;
        return tell(e, view, to);
    }
    int err = open_thread(e, view, tid, to);
    if (err)
        close_thread(e, to);
    e->skipped += err && err != -ESRCH; /* it may have ended meanwhile */
    return err;
}

static void drop_threads(struct engine *e)
{
    for (size_t i = 0; i < e->count; i++)
        if (e->threads[i].link)
            close_thread(e, &e->threads[i]);
    free(e->threads);
}

static int set_threads(struct engine *e, const struct engine_view *view)
{
    const struct threads *now = view->threads;
    struct bpf_thread *list = calloc(now->count + 1, sizeof(*list));
    size_t count = 0;
    int first = 0;
    if (!list)
        return -ENOMEM;
    e->skipped = 0;
    for (size_t i = 0; i < now->count; i++) {
        int err = put_thread(e, view, now->list[i].tid, &list[count]);
        count += list[count].link != NULL;
        first = first ? first : err;
    }
    drop_threads(e);
    e->threads = list;
    e->count = count;
    if (count)
        return 0;
    return first ? engine_error(first) : -E_GONE;
}

/* --- the engine's life --------------------------------------------------- */

static void take_record(void *ctx, const void *record, size_t len)
{
    struct engine *e = ctx;
    struct sample s;
    e->counters.bytes += len;
    if (bpf_sample_read(record, len, &e->told.at, &e->room, &s) != 0) {
        e->counters.lost++;
        return;
    }
    if (e->setup.event == ENGINE_CYCLES)
        s.period_ns = e->setup.period_ns; /* it came in cycles */
    e->counters.samples++;
    e->counters.stack_cut += s.stack.len >= COPY_STACK || s.erlang_root.len;
    struct bpf_thread *t = find_thread(e, s.tid);
    if (t)
        t->jitter.samples++;
    e->on_sample(e->ctx, &s);
}

static int set_view(struct engine *e, const struct engine_view *view)
{
    struct bpf_setup setup = {.kernel_stacks = e->kernel_stacks};
    uint32_t bytes = view->layout->process_bytes;
    copy_plan_offsets(view, &setup.at);
    if (bytes <= BPF_HEAD_MAX && setup.at.stop != COPY_UNKNOWN &&
        setup.at.htop != COPY_UNKNOWN && setup.at.hend != COPY_UNKNOWN)
        setup.head_bytes = bytes;
    int err = 0;
    if (memcmp(&setup, &e->told, sizeof(setup)) != 0)
        err = bpf_program_setup(e->program, &setup);
    e->told = setup;
    return err ? err : set_threads(e, view);
}

static void close_engine(struct engine *e)
{
    if (!e)
        return;
    drop_threads(e);
    bpf_program_close(e->program);
    free(e);
}

static int open_engine(const struct engine_config *config, struct engine **out)
{
    if (config->rate < ENGINE_MIN_RATE || config->rate > ENGINE_MAX_RATE)
        return -EINVAL;
    struct engine *e = calloc(1, sizeof(*e));
    if (!e)
        return -ENOMEM;
    e->pid = config->pid;
    e->kernel_stacks = config->kernel_stacks;
    e->setup = (struct perf_event_setup){.event = config->event,
                                         .rate = config->rate,
                                         .period_ns = NS_PER_S / config->rate,
                                         .kernel = true,
                                         .bare = true};
    int err = bpf_program_open(take_record, e, &e->program);
    if (!err)
        err = set_view(e, &config->view);
    if (err) {
        close_engine(e);
        return err;
    }
    *out = e;
    return 0;
}

static void ignore_record(void *ctx, const void *record, size_t len)
{
    (void)ctx;
    (void)record;
    (void)len;
}

static int try_event(struct bpf_program_handle *p, pid_t pid)
{
    const struct perf_event_setup setup = {
        .period_ns = NS_PER_S, .kernel = true, .bare = true};
    struct bpf_program_link *link;
    int fd = perf_event_open(pid, &setup);
    int err = fd < 0 ? fd : bpf_program_attach(p, fd, pid, &link);
    if (err)
        return engine_error(err);
    bpf_program_detach(link);
    return 0;
}

static int probe(pid_t pid)
{
    struct bpf_program_handle *p;
    int err = bpf_program_open(ignore_record, NULL, &p);
    if (err)
        return err;
    err = try_event(p, pid);
    bpf_program_close(p);
    return err;
}

static int start(struct engine *e)
{
    e->running = true;
    for (size_t i = 0; i < e->count; i++) {
        int err = perf_event_enable(e->threads[i].fd);
        if (err)
            return err;
    }
    return 0;
}

static void stop(struct engine *e)
{
    e->running = false;
    for (size_t i = 0; i < e->count; i++)
        perf_event_disable(e->threads[i].fd);
}

static int poll_engine(struct engine *e, int timeout_ms,
                       engine_on_sample *on_sample, void *ctx)
{
    e->on_sample = on_sample;
    e->ctx = ctx;
    int result = bpf_program_poll(e->program, e->running ? timeout_ms : 0);
    if (result < 0)
        return result == -EINTR ? 0 : result;
    for (size_t i = 0; e->running && i < e->count; i++)
        perf_jitter_redraw(&e->threads[i].jitter, e->threads[i].fd, &e->setup);
    return 0;
}

/* --- figures ------------------------------------------------------------- */

static struct engine_counters counters(const struct engine *e)
{
    struct engine_counters result = e->counters;
    result.lost += bpf_program_lost(e->program);
    return result;
}

static struct engine_info info(const struct engine *e)
{
    return (struct engine_info){
        .kernel_included = true,
        .ring_bytes = bpf_program_ring_bytes(e->program),
        .stack_bytes = COPY_STACK,
        .threads = e->count,
        .threads_skipped = e->skipped,
    };
}

const struct engine_ops engine_bpf = {
    .name = "bpf",
    .probe = probe,
    .open = open_engine,
    .start = start,
    .poll = poll_engine,
    .follow = set_view,
    .stop = stop,
    .counters = counters,
    .info = info,
    .close = close_engine,
};
