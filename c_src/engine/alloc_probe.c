#include "engine/alloc_probe.h"

#include "base/clock.h"

/* The share of the node's CPU time that breakpoints may cost, if the caller
 * names none, and the part of it that is for those on words. The rest is for
 * the one on the collector. */
#define USUAL_COST 0.0085
#define WORDS_PART 0.6
/* What they may always cost: the node may have used little CPU time so far. */
#define LEAST_NS NS_PER_MS

/* From setting the breakpoint to the beginning of its window. */
#define LEAD_NS (100 * 1000)
/* A window that begins later than this after its time is counted. */
#define LATE_NS (1000 * 1000)
/* The end of a window that we end ourselves. */
#define ENDLESS_NS (UINT64_MAX / 2)

static const struct bpf_window never = {ENDLESS_NS, ENDLESS_NS, 0};

int alloc_probe_open(struct alloc_probe *p, pid_t pid, uint64_t entry,
                     struct bpf_program_handle *program, double max_cost)
{
    bool selective = false;
    *p = (struct alloc_probe){
        .program = program,
        .max_cost = max_cost > 0 ? max_cost : USUAL_COST,
        .at = {.program = program, .of = BPF_HITS_COLLECTIONS, .addr = entry}};
    if (clock_getcpuclockid(pid, &p->clock) != 0)
        return -E_GONE;
    int err = bpf_program_window(program, &never);
    if (!err)
        err = perf_breakpoint_cost(bpf_program_of(program, p->at.of),
                                   &p->trap_ns, &selective);
    p->at.most = selective ? 1 : 0;
    return err;
}

static bool ignore_record(void *ctx, const void *record, size_t len)
{
    (void)ctx;
    (void)record;
    (void)len;
    return true;
}

int alloc_probe_try(pid_t pid)
{
    struct bpf_program_handle *program;
    struct alloc_probe p;
    int err =
        bpf_program_open(BPF_PROGRAM_ALLOCATION, ignore_record, NULL, &program);
    if (err)
        return err;
    err = alloc_probe_open(&p, pid, 0, program, 0);
    bpf_program_close(program);
    return err;
}

int alloc_probe_set(struct alloc_probe *p, const struct cpus *allowed)
{
    return breakpoints_set(&p->at, allowed);
}

void alloc_probe_close(struct alloc_probe *p)
{
    breakpoints_close(&p->at);
}

static struct alloc_sums sums(const struct alloc_probe *p)
{
    uint64_t cpu_ns = clock_ns_of(p->clock); /* 0: the node has ended */
    return (struct alloc_sums){
        bpf_program_hits(p->program, BPF_HITS_COLLECTIONS),
        cpu_ns ? cpu_ns : p->span.cpu_ns};
}

/* The cost of breakpoints so far, since `first`. */
static double cost_ns(const struct alloc_probe *p, const struct bpf_hits *now,
                      const struct bpf_hits *first)
{
    uint64_t hits = now->count + now->outside - first->count - first->outside;
    return p->trap_ns * (double)hits + (double)(now->ns - first->ns);
}

/* The same of one collection that is sampled. */
static double hit_ns(const struct alloc_probe *p, const struct bpf_hits *now)
{
    uint64_t count = now->count - p->first.hits.count;
    return count ? cost_ns(p, now, &p->first.hits) / (double)count : p->trap_ns;
}

static double words_ns(const struct alloc_probe *p)
{
    static const struct bpf_hits none = {.count = 0};
    struct bpf_hits words = bpf_program_hits(p->program, BPF_HITS_WORDS);
    return cost_ns(p, &words, &none);
}

bool alloc_probe_affords(const struct alloc_probe *p)
{
    double cpu_ns = (double)(p->span.cpu_ns - p->first.cpu_ns);
    return words_ns(p) <= WORDS_PART * p->max_cost * cpu_ns + LEAST_NS;
}

/* --- windows -------------------------------------------------------------- */

/* We have just run on a CPU that the node may be waiting for, so a window does
 * not begin at once. After it, threads have some time for what it has cost
 * them.
 */
static int open_window(struct alloc_probe *p)
{
    struct alloc_windows *w = &p->windows;
    int err = bpf_program_window(p->program, &never);
    if (!err)
        err = breakpoints_arm(&p->at);
    if (err)
        return err;
    uint64_t now = clock_now_ns();
    p->late += now > p->turn_ns + LATE_NS;
    alloc_windows_opened(w, now + LEAD_NS);
    p->endless = w->share >= 1;
    p->turn_ns = w->edge_ns;
    if (!p->endless)
        p->turn_ns += alloc_windows_longer_ns(w);
    const struct bpf_window window = {.from_ns = w->opened_ns,
                                      .to_ns =
                                          p->endless ? ENDLESS_NS : w->edge_ns,
                                      .trap_ns = (uint64_t)p->trap_ns};
    return bpf_program_window(p->program, &window);
}

/* Plans the next window by what happened in the span that ends now. */
static void plan(struct alloc_probe *p, const struct alloc_sums *now,
                 uint64_t from_ns, uint64_t opened_ns)
{
    const struct alloc_load load = {.ns = p->windows.span_ns - from_ns,
                                    .open_ns = p->windows.span_ns - opened_ns,
                                    .hits =
                                        now->hits.count - p->span.hits.count,
                                    .cpu_ns = now->cpu_ns - p->span.cpu_ns,
                                    .hit_ns = hit_ns(p, &now->hits)};
    alloc_windows_saw(&p->windows, &load);
    p->span = *now;
}

static int end_window(struct alloc_probe *p)
{
    static const struct bpf_window none = {.to_ns = 0};
    breakpoints_disarm(&p->at);
    return bpf_program_window(p->program, &none);
}

/* If all of the time is to be sampled, the next window begins where this one
 * ends. */
static int close_window(struct alloc_probe *p)
{
    struct alloc_windows *w = &p->windows;
    uint64_t from = w->span_ns, opened = w->opened_ns;
    bool goes_on = p->endless && p->running && w->share >= 1;
    int err = goes_on ? 0 : end_window(p);
    struct alloc_sums now = sums(p);
    alloc_windows_closed(w, p->endless ? clock_now_ns() : w->edge_ns);
    plan(p, &now, from, opened);
    if (goes_on)
        alloc_windows_opened(w, w->span_ns);
    p->turn_ns = w->edge_ns;
    return err;
}

int alloc_probe_turn(struct alloc_probe *p)
{
    return p->windows.open ? close_window(p) : open_window(p);
}

bool alloc_probe_is_whole(const struct alloc_probe *p)
{
    return p->windows.open && p->windows.opened_ns == p->windows.span_ns;
}

double alloc_probe_weight(const struct alloc_probe *p, uint64_t time_ns)
{
    bool once = alloc_probe_is_whole(p) && time_ns >= p->windows.span_ns;
    return once ? 1 : p->windows.weight;
}

/* --- start and stop ------------------------------------------------------- */

void alloc_probe_start(struct alloc_probe *p, unsigned most_per_s)
{
    p->first = p->span = sums(p);
    p->running = true;
    alloc_windows_begin(&p->windows, (1 - WORDS_PART) * p->max_cost, most_per_s,
                        clock_now_ns());
    p->turn_ns = p->windows.edge_ns;
}

/* Windows that have an end are short. */
void alloc_probe_stop(struct alloc_probe *p, bool pause_is_lost)
{
    struct alloc_windows *w = &p->windows;
    p->running = false;
    if (!w->open && (pause_is_lost || open_window(p) != 0))
        return;
    if (!p->endless)
        clock_wait_until(p->turn_ns);
    (void)!close_window(p); /* the node may have ended */
}

struct engine_probe alloc_probe_info(const struct alloc_probe *p)
{
    const struct alloc_windows *w = &p->windows;
    struct bpf_hits now = bpf_program_hits(p->program, BPF_HITS_COLLECTIONS);
    double ns = hit_ns(p, &now);
    uint64_t hits = now.count - p->first.hits.count;
    uint64_t missed = now.missed - p->first.hits.missed;
    double cost = cost_ns(p, &now, &p->first.hits) + words_ns(p);
    double own = (double)(p->span.cpu_ns - p->first.cpu_ns) - cost;
    return (struct engine_probe){
        .sampled = hits - missed,
        .missed = missed,
        .hit_ns = ns,
        .cost = own > 0 ? cost / own : 0,
        .bound = p->max_cost,
        .open_share = w->all_ns ? (double)w->open_ns / (double)w->all_ns : 0,
        .error = alloc_windows_error(w),
        .counted = alloc_windows_counted(w),
        .windows = w->windows,
        .late = p->late};
}
