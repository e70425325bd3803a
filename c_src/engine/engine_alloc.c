/*
 * The engine of allocation, with breakpoints of the CPUs. One is on the first
 * instruction of the garbage collector, during some windows (alloc_probe.h): it
 * shows how much processes allocate. Others are on single words of heaps, or on
 * counts of what is beside them, and show which functions fill them
 * (alloc_watch.h). BPF programs take the samples, as for CPU time.
 *
 * Binaries are charged to the function that ran when the collection began.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "engine/alloc_collection.h"
#include "engine/alloc_counter.h"
#include "engine/alloc_probe.h"
#include "engine/alloc_repeats.h"
#include "engine/alloc_watch.h"
#include "engine/alloc_weights.h"
#include "engine/bpf_node.h"
#include "engine/bpf_program.h"
#include "engine/bpf_sample.h"
#include "engine/engine.h"
#include "engine/own_priority.h"

struct engine {
    struct bpf_node node;
    struct bpf_program_handle *program;
    struct collector_fields at;
    struct alloc_probe probe;
    struct alloc_watches watches;
    unsigned rate;
    bool turned; /* the last window's bytes are not noted yet */
    bool behind; /* its samples are not all handed out yet */
    struct alloc_counter counter;
    struct alloc_repeats repeats;
    struct alloc_seen seen;       /* in this window */
    struct alloc_weights weights; /* of all samples */
    double unseen; /* the part of these for words that no function wrote */
    uint64_t collections;
    uint64_t many; /* of these, of which not all binaries were looked at */
    uint64_t random;
    struct schedstat began, ended; /* of all threads; runs is not used */
    struct engine_counters counters;
    struct own_priority priority;
    int error;

    engine_on_sample *on_sample; /* during poll */
    void *ctx;
};

/* --- samples -------------------------------------------------------------- */

/* Charges bytes to the stack of a record. */
static void hand_on(struct engine *e, struct sample *s, double heap,
                    double binary, struct alloc_charged *of)
{
    s->of = SAMPLE_ALLOC;
    s->heap_bytes = (uint64_t)llround(heap);
    s->binary_bytes = (uint64_t)llround(binary);
    if (!s->heap_bytes && !s->binary_bytes)
        return;
    s->again = !alloc_weights_add(&e->weights, of, heap);
    e->counters.stack_cut += !s->again && (s->stack_full || s->erlang_root.len);
    e->behind |= !e->on_sample(e->ctx, s);
}

/* What the collection says about its process, whoever allocates. */
static void hand_on_process(struct engine *e, const struct alloc_collection *c,
                            double weight, const struct sample *s)
{
    struct sample of = *s;
    if (alloc_collection_sample(c, weight, &e->random, &of))
        e->behind |= !e->on_sample(e->ctx, &of);
}

static void keep_error(struct engine *e, int err)
{
    if (err && !e->error)
        e->error = err;
}

static void offer(struct engine *e, const struct alloc_collection *c,
                  double weight, struct alloc_picked *of)
{
    alloc_collection_offer_block(c, weight, of);
    if (of->bytes > 0)
        keep_error(e, alloc_watches_offer(&e->watches, of));
    alloc_collection_offer_beside(c, &e->at, weight, of);
    if (of->bytes > 0)
        keep_error(e, alloc_watches_offer(&e->watches, of));
}

/* The record of a collection: its bytes are shared among the words that are
 * watched, if any can be. */
static void take_collection(struct engine *e, const struct bpf_record *record,
                            size_t len, struct sample *s)
{
    struct alloc_collection c = alloc_collection_read(record, &e->at, s);
    bool dirty = record->flags & BPF_DIRTY;
    bool repeats =
        !dirty &&
        alloc_repeats_take(&e->repeats, e->probe.windows.windows + 1, &c, s);
    uint64_t bytes = c.bytes.block + c.bytes.beside;
    double weight = alloc_probe_weight(&e->probe, s->time_ns);
    double own = alloc_watches_any(&e->watches) ? 0 : (double)bytes * weight;
    e->many += record->flags & BPF_BINARIES_CUT ? 1 : 0;
    e->seen.bytes += (double)(bytes + s->binary_bytes);
    e->seen.collections += dirty ? -1 : repeats ? 0 : 1;
    e->seen.dirty += dirty ? 1 : 0;
    struct alloc_picked of = {.owner = s->process.c_p,
                              .collection = ++e->collections,
                              .record = (uint8_t *)record,
                              .len = len};
    e->unseen += own;
    hand_on_process(e, &c, weight, s);
    hand_on(e, s, own, (double)s->binary_bytes * weight, &of.charged);
    if (own <= 0)
        offer(e, &c, weight, &of);
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
    const struct bpf_record *r = record;
    struct alloc_charged none = {.any = false};
    if (r->watch)
        hand_on(e, &s, alloc_watches_found(&e->watches, r->watch), 0, &none);
    else
        take_collection(e, r, len, &s);
    return !e->behind;
}

/* No function wrote the word: the collection itself is the sample. */
static void take_missed(void *ctx, struct alloc_picked *of)
{
    struct engine *e = ctx;
    struct sample s;
    if (bpf_node_sample(&e->node, of->record, of->len, &s) != 0) {
        e->counters.lost++;
        return;
    }
    e->unseen += of->bytes;
    hand_on(e, &s, of->bytes, 0, &of->charged);
}

static int hand_out(struct engine *e)
{
    e->behind = false;
    int result = bpf_program_poll(e->program, 0);
    if (e->turned && !e->behind) {
        alloc_windows_add(&e->probe.windows, &e->seen);
        alloc_watches_choose(&e->watches);
        e->seen = (struct alloc_seen){.counted = -1};
        e->turned = false;
    }
    return result < 0 && result != -EINTR ? result : e->error;
}

static int turn(struct engine *e)
{
    e->turned = e->probe.windows.open;
    int err = alloc_probe_turn(&e->probe);
    if (e->turned)
        (void)alloc_counter_add(&e->counter, &e->seen);
    return err || !e->turned ? err : hand_out(e);
}

/* --- the engine's life ---------------------------------------------------- */

static void close_engine(struct engine *e)
{
    if (!e)
        return;
    own_priority_restore(&e->priority);
    alloc_watches_close(&e->watches);
    alloc_probe_close(&e->probe);
    bpf_program_close(e->program);
    bpf_node_deinit(&e->node);
    free(e);
}

static int prepare(struct engine *e, const struct engine_config *config)
{
    struct cpus allowed;
    int err = bpf_node_identify(&e->node, config->pid);
    if (!err)
        err = alloc_collection_fields(&e->at, config->view.layout,
                                      &e->node.setup.collector);
    if (!err)
        err = bpf_program_open(BPF_PROGRAM_ALLOCATION, take_record, e,
                               &e->program);
    if (!err)
        err = alloc_probe_open(&e->probe, config->pid, config->collector->entry,
                               e->program, config->max_cost);
    if (err)
        return err;
    e->node.program = e->program;
    err = bpf_node_tell(&e->node, &config->view, &allowed);
    alloc_counter_set(&e->counter, &config->view);
    if (!err)
        err = alloc_probe_set(&e->probe, &allowed);
    return err ? err
               : alloc_watches_open(
                     &e->watches, &e->node, e->probe.trap_ns,
                     config->max_cost > 0 ? ALLOC_MANY_WRITES : 1, &allowed);
}

static int open_engine(const struct engine_config *config, struct engine **out)
{
    if (config->rate < ENGINE_MIN_RATE || config->rate > ENGINE_MAX_RATE)
        return -EINVAL;
    struct engine *e = calloc(1, sizeof(*e));
    if (!e)
        return -ENOMEM;
    e->rate = config->rate;
    e->random = clock_now_ns();
    e->at = config->collector->at;
    alloc_counter_init(&e->counter, config->pid, config->collector);
    int err = prepare(e, config);
    if (err) {
        close_engine(e);
        return err;
    }
    *out = e;
    return 0;
}

static int start(struct engine *e)
{
    e->began = bpf_node_sched(&e->node);
    (void)alloc_counter_add(&e->counter, &e->seen);
    e->seen = (struct alloc_seen){.counted = -1};
    own_priority_be_first(&e->priority);
    alloc_probe_start(&e->probe, e->rate);
    return 0;
}

/* The samples of the last window are handed out by the next poll. If there is
 * no such window, what the VM counted meanwhile is lacking. */
static void stop(struct engine *e)
{
    own_priority_restore(&e->priority);
    e->ended = bpf_node_sched(&e->node);
    uint64_t windows = e->probe.windows.windows;
    alloc_probe_stop(&e->probe, e->behind);
    e->turned |= alloc_counter_add(&e->counter, &e->seen);
    e->turned |= e->probe.windows.windows != windows;
}

/* Are the weights of all samples known that may be on the ring? Not those of a
 * window before it ends. */
static bool is_weighed(const struct engine *e)
{
    return !e->probe.windows.open || alloc_probe_is_whole(&e->probe);
}

/* Waits until something is to be done, at most until `limit`, and hands out
 * what can be handed out. */
static int step(struct engine *e, uint64_t now, uint64_t limit)
{
    uint64_t due = alloc_watches_due(&e->watches);
    uint64_t edge = e->probe.turn_ns;
    uint64_t until = edge < limit ? edge : limit;
    if (!is_weighed(e)) {
        clock_wait_until(until);
    } else {
        until = due < until ? due : until;
        if (until > now)
            bpf_program_wait(e->program, until - now);
        int err = hand_out(e);
        if (err || e->behind)
            return err;
    }
    return clock_now_ns() >= edge ? turn(e) : 0;
}

static int serve(struct engine *e, uint64_t now)
{
    return alloc_watches_serve(&e->watches, now, alloc_probe_affords(&e->probe),
                               take_missed, e);
}

/* After stop. */
static int finish(struct engine *e)
{
    int err = hand_out(e);
    if (!err && !e->behind)
        alloc_watches_end(&e->watches, take_missed, e);
    return err;
}

/* What could not be handed out when the caller wanted no more. Samples of a
 * window that is open have no weight yet. */
static int catch_up(struct engine *e)
{
    if (!e->behind)
        return 0;
    e->behind = false;
    return is_weighed(e) ? hand_out(e) : 0;
}

/* Short windows begin and end within one call. None begins before the samples
 * of the last one are handed out, because their weight would be lost. */
static int poll_engine(struct engine *e, int timeout_ms,
                       engine_on_sample *on_sample, void *ctx)
{
    uint64_t now = clock_now_ns();
    uint64_t limit = now + (uint64_t)timeout_ms * NS_PER_MS;
    e->on_sample = on_sample;
    e->ctx = ctx;
    if (!e->probe.running)
        return finish(e);
    int err = catch_up(e);
    while (!err && now < limit && !e->behind) {
        err = serve(e, now);
        if (!err && !e->behind)
            err = step(e, now, limit);
        now = clock_now_ns();
    }
    return err;
}

static uint64_t due(const struct engine *e)
{
    return e->probe.turn_ns;
}

static int follow(struct engine *e, const struct engine_view *view)
{
    struct cpus allowed;
    if (!view->threads->count)
        return -E_GONE;
    int err = bpf_node_tell(&e->node, view, &allowed);
    alloc_counter_set(&e->counter, view);
    if (!err)
        err = alloc_probe_set(&e->probe, &allowed);
    return err ? err : alloc_watches_set(&e->watches, &allowed);
}

/* --- figures -------------------------------------------------------------- */

static struct engine_counters counters(const struct engine *e)
{
    struct engine_counters result = e->counters;
    result.samples = e->weights.samples;
    result.effective = alloc_weights_effective(
        &e->weights, alloc_windows_long_error(&e->probe.windows));
    result.lost += bpf_program_lost(e->program).samples;
    result.lost += alloc_probe_info(&e->probe).missed;
    return result;
}

static struct engine_info info(const struct engine *e)
{
    const struct breakpoints *at = &e->probe.at;
    const struct breakpoints_gap words = alloc_watches_gap(&e->watches);
    struct engine_info result = {
        .kernel_included = true,
        .ring_bytes = bpf_program_ring_bytes(e->program),
        .stack_bytes = COPY_STACK,
        .threads = e->node.count,
        .cpus = at->gap.cpus ? at->gap.of - at->gap.cpus : at->count,
        .cpus_skipped = at->gap.cpus,
        .skipped_why = at->gap.why,
        .probe = alloc_probe_info(&e->probe)};
    result.probe.many = e->many;
    result.probe.waited = schedstat_waited(&e->began, &e->ended);
    result.probe.words = e->watches.armed;
    result.probe.found = e->watches.found;
    result.probe.unseen = e->weights.heap > 0 ? e->unseen / e->weights.heap : 0;
    result.probe.words_skipped = words.cpus;
    result.probe.words_cpus = words.of;
    result.probe.words_why = words.why;
    return result;
}

const struct engine_ops engine_alloc = {
    .name = "bpf",
    .probe = alloc_probe_try,
    .open = open_engine,
    .start = start,
    .poll = poll_engine,
    .due_ns = due,
    .follow = follow,
    .stop = stop,
    .counters = counters,
    .info = info,
    .close = close_engine,
};
