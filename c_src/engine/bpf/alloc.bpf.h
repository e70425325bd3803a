// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * Samples of allocation, by breakpoints of the CPU. One is at the first
 * instruction of the garbage collector (target/collector.h): there the program
 * learns what a process has allocated since its last collection. The others are
 * on words of heaps: the function that writes such a word allocates it; and on
 * counts of the words in heap fragments: the function that adds to one
 * allocates a fragment.
 */
#ifndef CPROF_ENGINE_BPF_ALLOC_BPF_H
#define CPROF_ENGINE_BPF_ALLOC_BPF_H

#include "engine/bpf/binaries.bpf.h"
#include "target/heap_fragment.h"

/* When collections are sampled. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct bpf_window);
} window SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, BPF_HITS);
    __type(key, __u32);
    __type(value, struct bpf_hits);
} hits SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, BPF_WATCHES);
    __type(key, __u32);
    __type(value, struct bpf_watch);
} watches SEC(".maps");

/* How often the program has returned 1, by CPU. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, MAX_CPUS); /* set before loading */
    __type(key, __u32);
    __type(value, struct bpf_stops);
} stops SEC(".maps");

/* The state of one hit; NULL members: it is not to be sampled. */
static __always_inline struct copying begin_hit(void)
{
    __u32 zero = 0, cpu = bpf_get_smp_processor_id();
    struct copying c = {.s = bpf_map_lookup_elem(&scratches, &cpu),
                        .setup = bpf_map_lookup_elem(&setup, &zero)};
    return c;
}

/* Finds the thread; its id, or 0: it is none of the node's. */
static __always_inline __u32 find_thread(struct copying *c)
{
    __u32 tid = c->s && c->setup ? node_thread(c->setup) : 0;
    c->thread = tid ? bpf_map_lookup_elem(&threads, &tid) : NULL;
    return tid;
}

/* Copies what a sample of a known thread needs. */
static __always_inline void take_hit(struct bpf_perf_event_data *ctx,
                                     struct copying *c, __u32 tid)
{
    struct bpf_record *r = &c->s->record;
    c->s->at = 0;
    begin(r, tid, false);
    r->flags |= BPF_HAS_REGS;
    if (c->thread->role == COPY_DIRTY)
        r->flags |= BPF_DIRTY;
    r->time_ns = bpf_ktime_get_ns();
    r->period_ns = 0;
    TAKE_REGS(r->regs, &ctx->regs);
    copy_user(c);
    take_code(c);
}

/* Returns 1: the kernel counts the hit, and disables the breakpoint on this CPU
 * when there were as many as it was allowed. */
static __always_inline int stop(enum bpf_hits_of of)
{
    __u32 cpu = bpf_get_smp_processor_id();
    struct bpf_stops *s = bpf_map_lookup_elem(&stops, &cpu);
    if (s)
        s->count[of]++;
    return 1;
}

enum hit { HIT_TAKEN, HIT_MISSED, HIT_OUTSIDE };

static __always_inline void count_hit(enum bpf_hits_of of, enum hit hit,
                                      __u64 began_ns)
{
    __u32 at = of;
    struct bpf_hits *h = bpf_map_lookup_elem(&hits, &at);
    if (!h)
        return;
    if (hit == HIT_OUTSIDE)
        __sync_fetch_and_add(&h->outside, 1);
    else
        __sync_fetch_and_add(&h->count, 1);
    if (hit == HIT_MISSED)
        __sync_fetch_and_add(&h->missed, 1);
    __sync_fetch_and_add(&h->ns, bpf_ktime_get_ns() - began_ns);
}

/* --- collections ---------------------------------------------------------- */

/* Is it a window for this thread? It ends later by what the breakpoint has cost
 * the thread in it: the work that it does in a window is then the same as
 * without the breakpoint. */
static __always_inline bool is_open(const struct bpf_window *w, __u64 now,
                                    struct copy_thread *t)
{
    if (t->window_ns != w->from_ns) {
        t->window_ns = w->from_ns;
        t->lost_ns = 0;
    }
    return now >= w->from_ns && now < w->to_ns + t->lost_ns;
}

/* The newest fragment may be one that was counted at an earlier call of the
 * collector; our side compares it with what is new. */
static __always_inline void take_newest_fragment(struct copying *c)
{
    const struct bpf_collector *at = &c->setup->collector;
    __u64 fragment = 0;
    if (c->s->record.c_p && at->known)
        fragment = field(c, at->newest_fragment);
    c->s->record.newest_fragment =
        fragment ? word_at(fragment + 8 * HEAP_FRAGMENT_USED_SIZE) : 0;
}

/* After the end of a window, the kernel disables the breakpoint. It does not
 * depend on our side, which may be late. */
SEC("perf_event")
int take_collection(struct bpf_perf_event_data *ctx)
{
    __u32 zero = 0;
    __u64 now = bpf_ktime_get_ns();
    const struct bpf_window *w = bpf_map_lookup_elem(&window, &zero);
    struct copying c = begin_hit();
    __u32 tid = find_thread(&c);
    if (!w || !c.s || !c.thread || !is_open(w, now, c.thread)) {
        bool missed =
            w && tid && !c.thread && now >= w->from_ns && now < w->to_ns;
        count_hit(BPF_HITS_COLLECTIONS, missed ? HIT_MISSED : HIT_OUTSIDE, now);
        return w && now >= w->to_ns ? stop(BPF_HITS_COLLECTIONS) : 0;
    }
    take_hit(ctx, &c, tid);
    take_binaries(&c);
    take_newest_fragment(&c);
    hand_over(&c, 0);
    count_hit(BPF_HITS_COLLECTIONS, HIT_TAKEN, now);
    c.thread->lost_ns += w->trap_ns + bpf_ktime_get_ns() - now;
    return 0;
}

/* --- words ---------------------------------------------------------------- */

/* Is it in the part of the young heap that is filled after a collection? The
 * stack lies above that, and grows down. A collection copies what it keeps to
 * below the high water mark, or to a heap that is not the process's yet. */
static __always_inline bool is_new(__u64 addr, __u64 heap, __u64 high,
                                   __u64 stack)
{
    return heap <= high && high <= addr && addr + 8 <= stack;
}

/* A collection overwrites what it has copied from the heap with where that is
 * now. Until it ends, this heap is the process's. */
static __always_inline bool is_collecting(const struct copying *c)
{
    const struct bpf_collector *at = &c->setup->collector;
    __u64 state = field(c, at->state) >> (at->state % 8 ? 32 : 0);
    return state & at->collecting;
}

/* In JIT code, the stack pointer is that of the Erlang stack. */
static __always_inline bool is_of_current(const struct copying *c, __u64 addr)
{
    const struct bpf_collector *at = &c->setup->collector;
    const struct copy_offsets *to = &c->setup->at;
    if (!c->s->record.c_p || is_collecting(c))
        return false;
    __u64 heap = field(c, at->heap), hend = field(c, to->hend);
    __u64 stack = c->sp > heap && c->sp <= hend ? c->sp : field(c, to->stop);
    return stack <= hend && is_new(addr, heap, field(c, at->high_water), stack);
}

/* The sender of a message may write it to the heap of the receiver. */
static __always_inline bool is_of_owner(const struct copying *c,
                                        const struct bpf_watch *w)
{
    const struct bpf_collector *at = &c->setup->collector;
    return c->s->record.c_p != w->owner &&
           is_new(w->addr, word_at(w->owner + at->heap),
                  word_at(w->owner + at->high_water),
                  word_at(w->owner + c->setup->at.stop));
}

/* The block may have become the heap of another process meanwhile. */
static __always_inline bool is_allocation(const struct copying *c,
                                          const struct bpf_watch *w)
{
    return is_of_current(c, w->addr) || is_of_owner(c, w);
}

static __always_inline struct bpf_watch *find_watch(__u64 addr)
{
    for (__u32 i = 0; i < BPF_WATCHES; i++) {
        __u32 at = i;
        struct bpf_watch *w = bpf_map_lookup_elem(&watches, &at);
        if (w && w->addr == addr && w->wanted)
            return w;
    }
    return NULL;
}

/* A word can be written several times while it is allocated, as when a binary
 * is built. In between there is no time to collect the heap and to fill it
 * again.
 */
static __always_inline bool is_same(struct bpf_watch *w, __u64 now)
{
    __u64 left = w->left_ns;
    w->left_ns = bpf_ktime_get_ns();
    return left && now - left < w->same_ns;
}

/* Is it an allocation of the word that is not passed over? */
static __always_inline bool is_wanted(const struct copying *c,
                                      struct bpf_watch *w, __u64 began_ns)
{
    if (!is_allocation(c, w) || is_same(w, began_ns))
        return false;
    if (w->skip == 0)
        return true;
    w->skip--;
    return false;
}

/* --- fragments ------------------------------------------------------------ */

/* Is the word among those that are now in fragments, and were not before? The
 * count also falls: the collector sets it to 0, and a BIF gives back what it
 * did not need. */
static __always_inline bool is_counted(struct bpf_watch *w)
{
    __u64 now = word_at(w->addr), before = w->before;
    w->before = now;
    if (now <= before)
        return false;
    if (now - before > w->skip)
        return true;
    w->skip -= now - before;
    return false;
}

/* The struct may have been given back, and its memory used again. */
static __always_inline bool is_fragment(const struct copying *c,
                                        const struct bpf_watch *w)
{
    return c->s->record.c_p == w->owner && !is_collecting(c);
}

/* --- both ----------------------------------------------------------------- */

/* false: it is no allocation, or is passed over. Most writes of a count are, so
 * nothing is copied for these. */
static __always_inline bool try_word(struct bpf_perf_event_data *ctx,
                                     __u64 began_ns)
{
    struct copying c = begin_hit();
    struct bpf_watch *w = find_watch(ctx->addr);
    __u32 tid = find_thread(&c);
    if (!c.s || !w || !c.thread || (w->counts && !is_counted(w)))
        return false;
    take_hit(ctx, &c, tid);
    if (w->counts ? !is_fragment(&c, w) : !is_wanted(&c, w, began_ns))
        return false;
    w->wanted--;
    c.s->record.watch = w->serial;
    hand_over(&c, w->wanted ? BPF_RB_NO_WAKEUP : BPF_RB_FORCE_WAKEUP);
    return true;
}

SEC("perf_event")
int take_word(struct bpf_perf_event_data *ctx)
{
    __u64 began = bpf_ktime_get_ns();
    count_hit(BPF_HITS_WORDS, try_word(ctx, began) ? HIT_TAKEN : HIT_MISSED,
              began);
    return stop(BPF_HITS_WORDS);
}

#endif
