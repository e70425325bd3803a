/*
 * The engine `bpf`: one bare event per CPU. A BPF program (bpf/sampler.bpf.c)
 * takes every sample of the node at its instant, with everything that the
 * unwinder needs, into one ring. Nothing has to be read from the node soon
 * after a sample, so a sample does not wake us up.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "engine/bpf_cpus.h"
#include "engine/bpf_node.h"
#include "engine/bpf_program.h"
#include "engine/engine.h"
#include "target/cpus.h"

struct engine {
    struct bpf_node node;
    struct bpf_program_handle *program;
    struct bpf_cpus cpus;
    struct engine_counters counters;

    engine_on_sample *on_sample; /* during poll */
    void *ctx;
};

/* --- the engine's life --------------------------------------------------- */

static bool take_record(void *ctx, const void *record, size_t len)
{
    struct engine *e = ctx;
    struct sample s;
    e->counters.bytes += len;
    if (bpf_node_sample(&e->node, record, len, &s) != 0) {
        e->counters.lost++;
        return true;
    }
    if (e->cpus.setup.cycles)
        s.period_ns = e->cpus.setup.period_ns;
    e->counters.samples++;
    e->counters.stack_cut += s.stack_full || s.erlang_root.len;
    return e->on_sample(e->ctx, &s);
}

static int set_view(struct engine *e, const struct engine_view *view)
{
    struct cpus allowed;
    int err = bpf_node_tell(&e->node, view, &allowed);
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
    bpf_node_deinit(&e->node);
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

static int prepare(struct engine *e, const struct engine_config *config)
{
    int err = bpf_node_identify(&e->node, config->pid);
    if (!err)
        err = set_event(&e->cpus.setup, config);
    if (!err)
        err = bpf_program_open(BPF_PROGRAM_CPUS, take_record, e, &e->program);
    if (err)
        return err;
    e->node.setup.period_ns = e->cpus.setup.period_ns;
    e->node.setup.kernel_stacks = config->kernel_stacks;
    e->node.program = e->cpus.program = e->program;
    return set_view(e, &config->view);
}

static int open_engine(const struct engine_config *config, struct engine **out)
{
    if (config->rate < ENGINE_MIN_RATE || config->rate > ENGINE_MAX_RATE)
        return -EINVAL;
    struct engine *e = calloc(1, sizeof(*e));
    if (!e)
        return -ENOMEM;
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
    int err = bpf_program_open(BPF_PROGRAM_CPUS, ignore_record, NULL, &p);
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
        .threads = e->node.count,
        .cpus = e->cpus.count,
        .cpus_skipped = e->cpus.skipped.cpus,
        .skipped_why = perf_event_error(e->cpus.skipped.why),
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
