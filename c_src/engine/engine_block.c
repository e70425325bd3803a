/*
 * The engine of the event block: samples of waits, that is, of times for which
 * a thread was off the CPU while it ran a process or a port's task. A BPF
 * program takes them (bpf/block.bpf.h).
 *
 * A sample stands for the time that the thread waited. At the end of that time
 * the thread may have been able to run, but without a CPU: this part is handed
 * out as a sample of its own.
 *
 * Waits of at least all_from_ns are all taken, shorter ones with a probability
 * that follows their length. So there is one sample for each all_from_ns of
 * waiting, or fewer; if that is too many, all_from_ns is raised.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/random.h"
#include "engine/block_last.h"
#include "engine/bpf/wait_taken.h"
#include "engine/bpf_bells.h"
#include "engine/bpf_node.h"
#include "engine/engine.h"
#include "target/process.h"

enum { SAMPLES_PER_S = 1000 /* all_from_ns is raised if there are more */ };
#define PACE_NS (50 * NS_PER_MS) /* how often that is looked at */

struct engine {
    struct bpf_node node;
    struct bpf_program_handle *program;
    struct bpf_bells bells;
    struct engine_counters counters;
    uint64_t least_ns;    /* of all_from_ns, which is node.setup.period_ns */
    uint64_t highest_ns;  /* so far */
    uint64_t paced_ns;    /* when it was last looked at, */
    uint64_t paced_count; /* and how many samples there were then */
    uint64_t random;
    bool stopping; /* the next poll is the last one */
    struct block_last last;
    bool last_unread; /* there was no memory to read them */

    engine_on_sample *on_sample; /* during poll */
    void *ctx;
};

/* --- samples -------------------------------------------------------------- */

static bool hand_out_part(struct engine *e, struct sample *s,
                          enum sample_away away, uint64_t away_ns,
                          uint64_t period_ns)
{
    s->away = away;
    s->away_ns = away_ns;
    s->period_ns = period_ns;
    e->counters.samples++;
    e->counters.stack_cut += s->stack_full || s->erlang_root.len;
    return e->on_sample(e->ctx, s);
}

static bool hand_out(struct engine *e, struct sample *s,
                     const struct bpf_wait *wait)
{
    uint64_t ready = wait->slept ? wait->ready_ns : wait->ns;
    uint64_t whole = s->period_ns;
    bool more = true;
    if (ready > wait->ns)
        ready = wait->ns;
    uint64_t ready_part =
        wait->ns ? (uint64_t)((double)whole * (double)ready / (double)wait->ns)
                 : 0;
    s->of = SAMPLE_BLOCK;
    s->in_kernel = s->kernel_count > 0; /* every wait is in the kernel */
    s->weight = wait->times;
    if (ready < wait->ns)
        more = hand_out_part(e, s, SAMPLE_WAITED, wait->ns - ready,
                             whole - ready_part);
    if (ready < wait->ns)
        s->weight = 0; /* the other part of the same wait */
    if (ready_part)
        more &= hand_out_part(e, s, SAMPLE_NO_CPU, ready, ready_part);
    return more;
}

/* Leaves out what is after the end of the recording. */
static void cut(const struct engine *e, struct sample *s, struct bpf_wait *wait)
{
    uint64_t end = e->last.until_ns, whole = wait->ns;
    if (end == 0 || s->time_ns <= end || whole == 0)
        return;
    wait_taken_cut(wait, s->time_ns - end);
    s->period_ns =
        (uint64_t)((double)s->period_ns * (double)wait->ns / (double)whole);
}

static bool take_record(void *ctx, const void *record, size_t len)
{
    struct engine *e = ctx;
    struct sample s;
    e->counters.bytes += len;
    if (bpf_node_sample(&e->node, record, len, &s) != 0) {
        e->counters.lost++;
        return true;
    }
    struct bpf_wait wait = ((const struct bpf_record *)record)->wait;
    if (block_last_has(&e->last, s.tid, &wait, s.time_ns))
        return true;
    cut(e, &s, &wait);
    return hand_out(e, &s, &wait);
}

/* --- waits that have not ended -------------------------------------------- */

static void take_last(void *ctx, struct sample *s, struct bpf_wait *wait)
{
    struct engine *e = ctx;
    uint64_t random = random_next(&e->random);
    __u64 period_ns;
    if (!wait_taken(wait, e->node.setup.period_ns, (uint32_t)random,
                    (uint32_t)(random >> 32), &period_ns))
        return;
    s->period_ns = period_ns;
    (void)hand_out(e, s, wait);
}

/* --- the engine's life ---------------------------------------------------- */

static int set_view(struct engine *e, const struct engine_view *view)
{
    struct cpus allowed;
    int err = bpf_node_tell(&e->node, view, &allowed);
    if (err)
        return err;
    err = bpf_bells_set(&e->bells, &allowed);
    return err ? perf_event_error(err) : 0;
}

static void close_engine(struct engine *e)
{
    if (!e)
        return;
    block_last_deinit(&e->last);
    bpf_bells_close(&e->bells);
    bpf_program_close(e->program);
    bpf_node_deinit(&e->node);
    free(e);
}

/* Until the start the period is 0, so that no wait is taken. */
static int prepare(struct engine *e, const struct engine_config *config)
{
    int err = bpf_node_identify(&e->node, config->pid);
    if (!err)
        err = bpf_program_open(BPF_PROGRAM_WAITS, take_record, e, &e->program);
    if (err)
        return err;
    e->node.setup.kernel_stacks = config->kernel_stacks;
    e->node.program = e->bells.program = e->program;
    err = set_view(e, &config->view);
    return err ? err : bpf_program_attach_waits(e->program);
}

static int open_engine(const struct engine_config *config, struct engine **out)
{
    if (config->rate < ENGINE_MIN_RATE || config->rate > ENGINE_MAX_RATE)
        return -EINVAL;
    struct engine *e = calloc(1, sizeof(*e));
    if (!e)
        return -ENOMEM;
    e->least_ns = NS_PER_S / config->rate;
    e->last.node = &e->node;
    e->last.memory = memory_of_pid(config->pid);
    e->random = clock_now_ns();
    int err = prepare(e, config);
    if (err) {
        close_engine(e);
        return err;
    }
    *out = e;
    return 0;
}

static int set_period(struct engine *e, uint64_t ns)
{
    e->node.setup.period_ns = ns;
    if (ns > e->highest_ns)
        e->highest_ns = ns;
    return bpf_node_tell_setup(&e->node);
}

static int start(struct engine *e)
{
    e->node.setup.started_ns = e->paced_ns = clock_now_ns();
    return set_period(e, e->least_ns);
}

static void stop(struct engine *e)
{
    const struct process node = {.pid = e->node.pid};
    e->stopping = true;
    e->last.until_ns = clock_now_ns();
    e->last.stopped = process_is_stopped(&node);
}

/* The number of samples is inverse to the period, as long as most waits are
 * shorter. */
static int pace(struct engine *e)
{
    uint64_t now = clock_now_ns(), since = now - e->paced_ns;
    if (since < PACE_NS)
        return 0;
    double per_s = (double)(e->counters.samples - e->paced_count) *
                   (double)NS_PER_S / (double)since;
    double ns = (double)e->node.setup.period_ns * per_s / SAMPLES_PER_S;
    e->paced_ns = now;
    e->paced_count = e->counters.samples;
    if (ns > (double)NS_PER_S)
        ns = (double)NS_PER_S;
    return set_period(e, ns > (double)e->least_ns ? (uint64_t)ns : e->least_ns);
}

static int finish(struct engine *e)
{
    if (e->node.setup.period_ns == 0)
        return 0;
    e->last_unread = block_last_each(&e->last, take_last, e) != 0;
    /* Those that ended while the others were read. */
    int result = bpf_program_poll(e->program, 0);
    int err = set_period(e, 0);
    return result < 0 ? result : err;
}

static int poll_engine(struct engine *e, int timeout_ms,
                       engine_on_sample *on_sample, void *ctx)
{
    e->on_sample = on_sample;
    e->ctx = ctx;
    int result = bpf_program_poll(e->program, e->stopping ? 0 : timeout_ms);
    if (result < 0)
        return result == -EINTR ? 0 : result;
    return e->stopping ? finish(e) : pace(e);
}

/* --- figures -------------------------------------------------------------- */

static struct engine_counters counters(const struct engine *e)
{
    struct engine_counters result = e->counters;
    struct bpf_lost lost = bpf_program_lost(e->program);
    result.lost += lost.samples;
    result.lost_ns += lost.period_ns;
    return result;
}

static struct engine_info info(const struct engine *e)
{
    return (struct engine_info){
        .kernel_included = true,
        .ring_bytes = bpf_program_ring_bytes(e->program),
        .stack_bytes = COPY_STACK,
        .threads = e->node.count,
        .cpus = e->bells.count,
        .cpus_skipped = e->bells.skipped.cpus,
        .skipped_why = perf_event_error(e->bells.skipped.why),
        .all_from_ns = e->highest_ns,
        .last_unread = e->last_unread,
    };
}

const struct engine_ops engine_block = {
    .name = "bpf",
    .open = open_engine,
    .start = start,
    .poll = poll_engine,
    .follow = set_view,
    .stop = stop,
    .counters = counters,
    .info = info,
    .close = close_engine,
};
