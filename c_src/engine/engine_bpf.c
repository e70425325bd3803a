/*
 * The engine `bpf`: one bare event per CPU. A BPF program (bpf/sampler.bpf.c)
 * takes every sample of the node at its instant, with everything that the
 * unwinder needs, into one ring. Nothing has to be read from the node soon
 * after a sample, so a sample does not wake us up.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/sorted.h"
#include "engine/bpf_cpus.h"
#include "engine/bpf_program.h"
#include "engine/bpf_sample.h"
#include "engine/engine.h"
#include "target/cpus.h"
#include "target/pidns.h"

/* A thread for which the program has a plan. The program also samples all other
 * threads of the node. */
struct bpf_thread {
    uint64_t inner; /* its id in the node's pid namespace */
    pid_t tid;
    uint64_t sp;             /* in its last sample; 0: no sample yet */
    struct copy_thread plan; /* as the program has it */
};

struct engine {
    pid_t pid;
    struct pidns ns;
    struct bpf_program_handle *program;
    struct bpf_setup told; /* the setup that the program has */
    bool kernel_stacks;
    struct bpf_cpus cpus;
    struct bpf_thread *threads; /* sorted by inner */
    size_t count;
    struct engine_counters counters;
    struct bpf_sample_room room;

    engine_on_sample *on_sample; /* during poll */
    void *ctx;
};

/* --- threads ------------------------------------------------------------- */

static struct bpf_thread *find_inner(const struct engine *e, uint64_t inner)
{
    size_t upto = SORTED_UPTO(e->threads, e->count, inner, inner);
    return upto && e->threads[upto - 1].inner == inner ? &e->threads[upto - 1]
                                                       : NULL;
}

static const struct bpf_thread *find_thread(const struct engine *e, pid_t tid)
{
    if (e->ns.ours)
        return find_inner(e, (uint64_t)tid);
    for (size_t i = 0; i < e->count; i++)
        if (e->threads[i].tid == tid)
            return &e->threads[i];
    return NULL;
}

/* Finds the bounds of the C stack of a thread that does not run JIT code. Most
 * of these stacks are short, and what is above them is of no use. */
static void bound_stack(const struct engine_view *view, uint64_t sp,
                        struct copy_thread *plan)
{
    const struct map *stack =
        sp && !plan->stack_high ? maps_find(view->maps, sp) : NULL;
    if (stack) {
        plan->stack_low = stack->start;
        plan->stack_high = stack->end;
    }
}

/* Gives the program the plan of a thread, if it has changed. */
static int put_thread(struct engine *e, const struct engine_view *view,
                      pid_t tid, struct bpf_thread *to)
{
    const struct bpf_thread *old = find_thread(e, tid);
    struct copy_thread plan;
    *to = old ? *old : (struct bpf_thread){.tid = tid};
    if (!old)
        to->inner = (uint64_t)pidns_inner(&e->ns, e->pid, tid);
    copy_plan_thread(view, tid, &plan);
    bound_stack(view, to->sp, &plan);
    if (to->inner == 0 || memcmp(&plan, &to->plan, sizeof(plan)) == 0)
        return 0;
    to->plan = plan;
    return bpf_program_thread(e->program, (pid_t)to->inner, &plan);
}

static int by_inner(const void *a, const void *b)
{
    const struct bpf_thread *x = a, *y = b;
    return (x->inner > y->inner) - (x->inner < y->inner);
}

/* Removes the plans of threads that have ended, because ids are reused. */
static void replace_threads(struct engine *e, struct bpf_thread *list,
                            size_t count)
{
    struct bpf_thread *old = e->threads;
    size_t old_count = e->count;
    qsort(list, count, sizeof(*list), by_inner);
    e->threads = list;
    e->count = count;
    for (size_t i = 0; i < old_count; i++)
        if (!find_inner(e, old[i].inner))
            bpf_program_forget(e->program, (pid_t)old[i].inner);
    free(old);
}

static int set_threads(struct engine *e, const struct engine_view *view)
{
    const struct threads *now = view->threads;
    struct bpf_thread *list = calloc(now->count + 1, sizeof(*list));
    size_t count = 0;
    int err = 0;
    if (!list)
        return -ENOMEM;
    for (size_t i = 0; !err && i < now->count; i++) {
        err = put_thread(e, view, now->list[i].tid, &list[count]);
        count += list[count].inner != 0; /* 0: it has ended meanwhile */
    }
    replace_threads(e, list, count);
    return err;
}

/* --- the engine's life --------------------------------------------------- */

static bool take_record(void *ctx, const void *record, size_t len)
{
    struct engine *e = ctx;
    struct sample s;
    e->counters.bytes += len;
    if (bpf_sample_read(record, len, &e->told.at, &e->room, &s) != 0) {
        e->counters.lost++;
        return true;
    }
    struct bpf_thread *t = find_inner(e, (uint64_t)s.tid);
    if (t && s.has_regs)
        t->sp = s.regs.r[REGS_RSP];
    s.tid = t ? t->tid : e->ns.ours ? s.tid : 0;
    if (e->cpus.setup.cycles)
        s.period_ns = e->cpus.setup.period_ns;
    e->counters.samples++;
    e->counters.stack_cut += s.stack_full || s.erlang_root.len;
    return e->on_sample(e->ctx, &s);
}

static int tell_setup(struct engine *e, const struct engine_view *view)
{
    struct bpf_setup setup = {.ns_dev = e->ns.dev,
                              .ns_ino = e->ns.ino,
                              .tgid = e->told.tgid,
                              .period_ns = e->cpus.setup.period_ns,
                              .kernel_stacks = e->kernel_stacks};
    uint32_t bytes = view->layout->process_bytes;
    copy_plan_offsets(view, &setup.at);
    if (bytes <= BPF_HEAD_MAX && setup.at.stop != COPY_UNKNOWN &&
        setup.at.htop != COPY_UNKNOWN && setup.at.hend != COPY_UNKNOWN)
        setup.head_bytes = bytes;
    int err = 0;
    if (memcmp(&setup, &e->told, sizeof(setup)) != 0)
        err = bpf_program_setup(e->program, &setup);
    e->told = setup;
    return err;
}

static int set_view(struct engine *e, const struct engine_view *view)
{
    struct cpus allowed;
    int err = tell_setup(e, view);
    if (!err)
        err = set_threads(e, view);
    cpus_allowed(view->threads, &allowed);
    if (cpus_next(&allowed, 0) < 0)
        return -E_GONE; /* all its threads have ended */
    if (err)
        return err;
    err = bpf_cpus_set(&e->cpus, &allowed);
    return err ? perf_event_error(err) : 0;
}

static void close_engine(struct engine *e)
{
    if (!e)
        return;
    bpf_cpus_close(&e->cpus);
    bpf_program_close(e->program);
    free(e->threads);
    free(e);
}

/* For cycles, the period is a fixed number of cycles. With a frequency instead,
 * the kernel would adjust the period to the CPU's work and idle time
 * together. */
static int set_event(struct perf_event_setup *setup,
                     const struct engine_config *config)
{
    uint64_t per_s = 0;
    *setup = (struct perf_event_setup){.event = config->event,
                                       .rate = config->rate,
                                       .period_ns = NS_PER_S / config->rate,
                                       .kernel = true,
                                       .bare = true};
    if (config->event != ENGINE_CYCLES)
        return 0;
    int err = perf_event_cycle_rate(&per_s);
    setup->cycles = per_s / config->rate;
    return err ? perf_event_error(err) : 0;
}

/* Sets the process to sample: its pid namespace, and its pid in it. */
static int identify(struct engine *e)
{
    int err = pidns_read(e->pid, &e->ns);
    if (err)
        return err;
    e->told.tgid = (uint64_t)pidns_inner(&e->ns, e->pid, e->pid);
    return e->told.tgid ? 0 : -E_NO_PROCESS;
}

static int prepare(struct engine *e, const struct engine_config *config)
{
    int err = identify(e);
    if (!err)
        err = set_event(&e->cpus.setup, config);
    if (!err)
        err = bpf_program_open(take_record, e, &e->program);
    if (err)
        return err;
    e->cpus.program = e->program;
    return set_view(e, &config->view);
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
    int err = prepare(e, config);
    if (err) {
        close_engine(e);
        return err;
    }
    *out = e;
    return 0;
}

static bool ignore_record(void *ctx, const void *record, size_t len)
{
    (void)ctx;
    (void)record;
    (void)len;
    return true;
}

/* Opens events on the CPUs that the node's main thread may run on. */
static int try_event(struct bpf_program_handle *p, pid_t pid)
{
    struct thread main = {.tid = pid};
    const struct threads threads = {.list = &main, .count = 1};
    struct cpus allowed;
    struct bpf_cpus cpus = {
        .setup = {.period_ns = NS_PER_S, .kernel = true, .bare = true},
        .program = p};
    cpus_allowed(&threads, &allowed);
    if (cpus_next(&allowed, 0) < 0)
        return -E_NO_PROCESS;
    int err = bpf_cpus_set(&cpus, &allowed);
    bpf_cpus_close(&cpus);
    return err ? perf_event_error(err) : 0;
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
    return bpf_cpus_start(&e->cpus);
}

static void stop(struct engine *e)
{
    bpf_cpus_stop(&e->cpus);
}

static int poll_engine(struct engine *e, int timeout_ms,
                       engine_on_sample *on_sample, void *ctx)
{
    bool running = e->cpus.running;
    e->on_sample = on_sample;
    e->ctx = ctx;
    int result = bpf_program_poll(e->program, running ? timeout_ms : 0);
    if (result < 0)
        return result == -EINTR ? 0 : result;
    bpf_cpus_look(&e->cpus);
    return 0;
}

/* --- figures ------------------------------------------------------------- */

static struct engine_counters counters(const struct engine *e)
{
    struct engine_counters result = e->counters;
    struct bpf_lost lost = bpf_program_lost(e->program);
    result.lost += lost.samples;
    result.lost_ns += lost.period_ns;
    result.throttled = e->cpus.throttled;
    return result;
}

static struct engine_info info(const struct engine *e)
{
    return (struct engine_info){
        .kernel_included = true,
        .ring_bytes = bpf_program_ring_bytes(e->program),
        .stack_bytes = COPY_STACK,
        .threads = e->count,
        .cpus = e->cpus.count,
        .cpus_skipped = e->cpus.skipped,
        .unarmed_ns = e->cpus.late_ns,
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
