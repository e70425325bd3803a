#include "engine/alloc_watch.h"

#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "engine/alloc_collection.h"
#include "target/memory.h"

enum {
    WORD = 8,
    SLOW_BYTES = 1 << 20,
    MOST_HITS = 64, /* of one word, on each CPU, for each allocation wanted */
    MOST_FRAGMENTS = ALLOC_FRAGMENT_WORDS / 2, /* the same of a count of words
                                                  in fragments */
    SAME_NS = 2000, /* a heap is not filled again in this time */
    SKIP_MOST = 4,  /* allocations of a word that are passed over, at most */
    /* How long a word is watched: a while, and longer in a large heap. */
    LEAST_MS = 200,
    MOST_MS = 2000,
    BYTES_PER_MS = 20 * 1000,
    /* If several allocations of a word are wanted: as many times longer than
     * that took so far, on average, and at least. */
    USUAL_TIMES = 8,
    LEAST_NS = 10 * 1000 * 1000,
};

/* --- the breakpoints ------------------------------------------------------ */

/* Other programs may have some of them, or all. One word is enough. Without
 * any, only the collections would say who allocates, which is not true of a
 * process that repeats itself: no recording begins like that. One that goes on
 * says so. */
static bool is_lack(int err)
{
    return err == -E_BREAKPOINTS_USED || err == -E_NO_BREAKPOINTS;
}

int alloc_watches_set(struct alloc_watches *w, const struct cpus *allowed)
{
    for (size_t i = 0; i < w->count; i++) {
        int err = breakpoints_set(&w->list[i].at, allowed);
        if (err && !is_lack(err))
            return err;
    }
    return 0;
}

bool alloc_watches_any(const struct alloc_watches *w)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->list[i].at.count)
            return true;
    return false;
}

struct breakpoints_gap alloc_watches_gap(const struct alloc_watches *w)
{
    struct breakpoints_gap gap = {.cpus = 0};
    for (size_t i = 0; i < w->count; i++)
        if (w->list[i].at.gap.cpus > gap.cpus)
            gap = w->list[i].at.gap;
    return gap;
}

int alloc_watches_open(struct alloc_watches *w, const struct bpf_node *node,
                       double trap_ns, unsigned writes,
                       const struct cpus *allowed)
{
    size_t most = writes > 1 ? BPF_WATCHES : BPF_USUAL_WATCHES;
    *w = (struct alloc_watches){.pid = node->pid,
                                .writes = writes,
                                .usual_ns = LEAST_MS * NS_PER_MS / USUAL_TIMES,
                                .at = node->setup.collector,
                                .program = node->program,
                                .same_ns = (uint64_t)trap_ns + SAME_NS,
                                .random = clock_now_ns()};
    alloc_pick_init(&w->pick, clock_now_ns());
    int err = 0;
    for (size_t i = 0; i < most; i++) {
        struct breakpoints *at = &w->list[i].at;
        *at = (struct breakpoints){.program = node->program,
                                   .of = BPF_HITS_WORDS};
        err = breakpoints_set(at, allowed);
        if (err || at->gap.cpus) {
            breakpoints_close(at);
            break;
        }
        w->count++;
    }
    if (err && (w->count == 0 || !is_lack(err)))
        return err;
    return w->count > 0 ? 0 : -E_BREAKPOINTS_USED;
}

void alloc_watches_close(struct alloc_watches *w)
{
    for (size_t i = 0; i < BPF_WATCHES; i++) {
        breakpoints_close(&w->list[i].at);
        alloc_picked_deinit(&w->list[i].of);
    }
    for (size_t i = 0; i < ALLOC_PICKS; i++)
        alloc_picked_deinit(&w->queue[i]);
    alloc_pick_deinit(&w->pick);
}

/* --- words ---------------------------------------------------------------- */

int alloc_watches_offer(struct alloc_watches *w, const struct alloc_picked *of)
{
    return alloc_pick_offer(&w->pick, of);
}

void alloc_watches_choose(struct alloc_watches *w)
{
    alloc_pick_take(&w->pick, w->queue);
}

static void disarm(struct alloc_watches *w, struct alloc_watch *watch)
{
    const struct bpf_watch none = {.addr = 0};
    breakpoints_disarm(&watch->at);
    (void)!bpf_program_watch(w->program, (uint32_t)(watch - w->list), &none);
    watch->of.len = 0;
}

/* A large heap is often not in the same block again, but it takes long to fill
 * it: there the word is in the block that the process has filled since the
 * collection, or is about to fill. False: that is not known, or is shorter. */
static bool is_slow(const struct alloc_watches *w,
                    const struct alloc_picked *of, uint64_t *from)
{
    uint64_t heap, high, hend, bytes = of->to - of->from;
    const struct memory m = memory_of_pid(w->pid);
    if (bytes < SLOW_BYTES ||
        memory_read_u64(&m, of->owner + w->at.heap, &heap) != 0 ||
        memory_read_u64(&m, of->owner + w->at.high_water, &high) != 0 ||
        memory_read_u64(&m, of->owner + w->at.hend, &hend) != 0 ||
        heap > high || high > hend || hend - high < bytes || high % WORD)
        return false;
    *from = high;
    return true;
}

/* The collection of a large heap may have to wait for a dirty scheduler. Until
 * it ends, the high water mark is where it was. */
static bool is_early(const struct alloc_watches *w,
                     const struct alloc_picked *of)
{
    const struct memory m = memory_of_pid(w->pid);
    uint64_t high;
    return of->to - of->from >= SLOW_BYTES &&
           memory_read_u64(&m, of->owner + w->at.high_water, &high) == 0 &&
           high == of->from;
}

/* How long it is watched. Of a word that is written again and again, several
 * allocations are soon found, or none ever. */
static uint64_t patience_ns(const struct alloc_watches *w,
                            const struct alloc_picked *of)
{
    uint64_t ms = LEAST_MS + (of->to - of->from) / BYTES_PER_MS;
    uint64_t ns = NS_PER_MS * (ms < MOST_MS ? ms : MOST_MS);
    uint64_t usual = (uint64_t)(USUAL_TIMES * w->usual_ns);
    if (w->writes == 1 || usual > ns)
        return ns;
    return usual > LEAST_NS ? usual : LEAST_NS;
}

static struct bpf_watch word_of(struct alloc_watches *w,
                                const struct alloc_picked *of)
{
    uint64_t from = of->from, words = (of->to - of->from) / WORD;
    bool slow = is_slow(w, of, &from);
    return (struct bpf_watch){
        .addr = from + WORD * (random_next(&w->random) % words),
        .owner = of->owner,
        .serial = ++w->serial,
        .skip = slow ? 0 : 1 + random_next(&w->random) % SKIP_MOST,
        .same_ns = w->same_ns,
        .wanted = slow ? 1 : w->writes};
}

/* The first write is passed over: it is likely to end a long time without any.
 * It says how many words there are to count from. */
static struct bpf_watch fragment_of(struct alloc_watches *w,
                                    const struct alloc_picked *of)
{
    return (struct bpf_watch){.addr = of->from,
                              .owner = of->owner,
                              .serial = ++w->serial,
                              .skip = random_next(&w->random) % of->fragments,
                              .counts = 1,
                              .before = UINT64_MAX,
                              .wanted = 1};
}

/* The program must know the word before it can be hit. */
static int arm(struct alloc_watches *w, struct alloc_watch *watch,
               uint64_t now_ns)
{
    const struct alloc_picked *of = &watch->of;
    const struct bpf_watch told =
        of->fragments ? fragment_of(w, of) : word_of(w, of);
    watch->serial = told.serial;
    watch->wanted = watch->left = (unsigned)told.wanted;
    watch->from_ns = now_ns;
    watch->until_ns = now_ns + patience_ns(w, of);
    w->armed++;
    int err = bpf_program_watch(w->program, (uint32_t)(watch - w->list), &told);
    return err ? err
               : breakpoints_arm_at(&watch->at, told.addr,
                                    told.counts ? MOST_FRAGMENTS
                                                : MOST_HITS * watch->wanted);
}

/* Two breakpoints on one count would be hit by the same writes. */
static bool is_counted(const struct alloc_watches *w,
                       const struct alloc_picked *of)
{
    for (size_t i = 0; i < w->count; i++)
        if (of->fragments && w->list[i].of.len && w->list[i].of.fragments &&
            w->list[i].of.owner == of->owner)
            return true;
    return false;
}

/* The next one that can be watched; NULL: none. */
static struct alloc_picked *next_of(struct alloc_watches *w)
{
    for (size_t i = 0; i < ALLOC_PICKS; i++) {
        size_t at = (w->next + i) % ALLOC_PICKS;
        struct alloc_picked *of = &w->queue[at];
        if (of->len && !is_early(w, of) && !is_counted(w, of)) {
            w->next = (at + 1) % ALLOC_PICKS;
            return of;
        }
    }
    return NULL;
}

/* The place of `of` in the queue gets the memory that the watch had. */
static void take_over(struct alloc_watch *watch, struct alloc_picked *of)
{
    struct alloc_picked had = watch->of;
    watch->of = *of;
    *of = had;
}

static void tell_copy(struct alloc_picked *copy, const struct alloc_picked *of)
{
    if (copy->len && copy->collection == of->collection)
        copy->charged = of->charged;
}

/* A collection may have been chosen several times. */
static void miss(struct alloc_watches *w, struct alloc_picked *of,
                 alloc_watch_missed *missed, void *ctx)
{
    missed(ctx, of);
    for (size_t i = 0; i < w->count; i++)
        tell_copy(&w->list[i].of, of);
    for (size_t i = 0; i < ALLOC_PICKS; i++) {
        tell_copy(&w->queue[i], of);
        tell_copy(&w->pick.list[i], of);
    }
    tell_copy(&w->pick.returned, of);
    of->len = 0;
}

static void give_up(struct alloc_watches *w, struct alloc_watch *watch,
                    alloc_watch_missed *missed, void *ctx)
{
    breakpoints_disarm(&watch->at);
    miss(w, &watch->of, missed, ctx);
    disarm(w, watch);
}

/* If some of the wanted allocations were found, the bytes that are left go to
 * the words that are chosen next. */
static void end_watch(struct alloc_watches *w, struct alloc_watch *watch,
                      alloc_watch_missed *missed, void *ctx)
{
    if (watch->left == watch->wanted) {
        give_up(w, watch, missed, ctx);
        return;
    }
    breakpoints_disarm(&watch->at);
    alloc_pick_return(&w->pick, &watch->of);
    disarm(w, watch);
}

int alloc_watches_serve(struct alloc_watches *w, uint64_t now_ns, bool more,
                        alloc_watch_missed *missed, void *ctx)
{
    int err = 0;
    for (size_t i = 0; i < w->count && !err; i++) {
        struct alloc_watch *watch = &w->list[i];
        if (watch->of.len && now_ns >= watch->until_ns)
            end_watch(w, watch, missed, ctx);
        bool can = more && watch->at.count && !watch->of.len;
        struct alloc_picked *of = can ? next_of(w) : NULL;
        if (!of)
            continue;
        take_over(watch, of);
        err = arm(w, watch, now_ns);
    }
    return err;
}

double alloc_watches_found(struct alloc_watches *w, uint64_t serial)
{
    for (size_t i = 0; i < w->count; i++) {
        struct alloc_watch *watch = &w->list[i];
        if (!watch->of.len || watch->serial != serial)
            continue;
        double bytes = watch->of.bytes / watch->left;
        w->found += watch->left == watch->wanted;
        watch->of.bytes -= bytes;
        if (--watch->left > 0)
            return bytes;
        w->usual_ns +=
            ((double)(clock_now_ns() - watch->from_ns) - w->usual_ns) /
            USUAL_TIMES;
        disarm(w, watch);
        return bytes;
    }
    return 0;
}

uint64_t alloc_watches_due(const struct alloc_watches *w)
{
    uint64_t due = UINT64_MAX;
    for (size_t i = 0; i < w->count; i++)
        if (w->list[i].of.len && w->list[i].until_ns < due)
            due = w->list[i].until_ns;
    return due;
}

/* No word is chosen after this, so what is left of those whose wanted
 * allocations were found only in part cannot go to others, as in end_watch. It
 * goes to the functions that reached the ends of these heaps: that keeps the
 * sum and the shares of processes, and the report counts it as bytes that no
 * function wrote. */
void alloc_watches_end(struct alloc_watches *w, alloc_watch_missed *missed,
                       void *ctx)
{
    alloc_watches_choose(w);
    for (size_t i = 0; i < w->count; i++)
        if (w->list[i].of.len)
            give_up(w, &w->list[i], missed, ctx);
    for (size_t i = 0; i < ALLOC_PICKS; i++)
        if (w->queue[i].len)
            miss(w, &w->queue[i], missed, ctx);
    if (w->pick.returned.len)
        miss(w, &w->pick.returned, missed, ctx);
}
