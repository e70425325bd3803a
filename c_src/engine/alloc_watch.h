/**
 * @file alloc_watch.h
 * Finds out who fills the heap between two collections.
 *
 * As long as the work of a process varies, chance decides which function
 * reaches the end of the heap. A process that repeats itself always reaches it
 * in the same function. So some collections are chosen (alloc_pick.h), each
 * with a random word of what was filled before it, and a breakpoint of the CPU
 * waits for the next function that writes that word:
 *
 *       heap      high water                     htop        hend
 *        |  kept   |  filled since the last one   |    stack  |
 *        '---------'----------x-------------------'-----------'
 *                             the word
 *
 * The VM's allocators use memory again soon: the heap of a process that goes on
 * in the same way is in this block again after two or three collections. Each
 * word that is filled is chosen with the same probability, so functions are
 * found in proportion to what they allocate. Writes by the collector, to the
 * stack and by other processes do not count (bpf/alloc.bpf.h).
 *
 * The first write after a random moment is likely to end a long time without
 * writes, and so to be by a function that works long before it allocates. So
 * one to four writes are passed over, at random.
 *
 * In large heaps, the word is in the part that is filled after the collection.
 *
 * What does not fit into a heap is put into fragments beside it, and so are the
 * results of arithmetic with large integers. Each of these is somewhere else.
 * But a process counts the words in its fragments. So if the bytes of a
 * collection were chosen that are in fragments, the breakpoint is on this
 * count, and each write to it adds a fragment. Which of the next words in
 * fragments is to be found is random, so functions are found in proportion to
 * the words of their fragments.
 *
 * If no function writes the word in time, the stack of the chosen collection is
 * the sample; the report says for how much of all bytes that was so.
 */
#ifndef CPROF_ENGINE_ALLOC_WATCH_H
#define CPROF_ENGINE_ALLOC_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "engine/alloc_pick.h"
#include "engine/bpf_node.h"
#include "engine/bpf_program.h"
#include "engine/breakpoints.h"
#include "target/cpus.h"

/** How many allocations of a word are sampled if a recording may cost much.
 * With more, the samples of a word would depend on each other too much. */
enum { ALLOC_MANY_WRITES = 4 };

/** One word. */
struct alloc_watch {
    struct breakpoints at;
    uint64_t serial;
    uint64_t from_ns, until_ns;
    unsigned wanted, left;  /**< allocations of it that are sampled */
    struct alloc_picked of; /**< the collection; of.len 0: not in use */
};

struct alloc_watches {
    struct bpf_program_handle *program; /**< borrowed */
    pid_t pid;                          /**< of the node */
    struct bpf_collector at;
    struct alloc_pick pick;
    struct alloc_picked queue[ALLOC_PICKS]; /**< chosen, not yet watched; len
                                                 0: none is at this place */
    size_t next;                            /**< the place whose turn it is */
    struct alloc_watch list[BPF_WATCHES];
    size_t count;     /**< words that are watched at once, at least 1 */
    uint64_t same_ns; /**< of struct bpf_watch */
    unsigned writes;  /**< allocations of a word that are wanted */
    double usual_ns;  /**< how long it takes to find them */
    uint64_t serial, random;
    uint64_t armed, found; /**< words so far; those that a function wrote */
};

/** Receives a collection whose word no function wrote. It notes in of->charged
 *  what it charges to its stack. */
typedef void alloc_watch_missed(void *ctx, struct alloc_picked *of);

/** Opens as many breakpoints as other programs have left, at least one.
 *  alloc_watches_close must be called even after an error.
 *  @param trap_ns  what a hit costs apart from the program
 *  @param writes   how many allocations of each word are sampled. More than 1
 *                  give many more samples. But those of one word follow each
 *                  other in one process, so a result also needs many words:
 *                  then one more is watched at a time
 *  @return 0; -E_BREAKPOINTS_USED; or another error of perf_breakpoint_open */
MUST_USE int alloc_watches_open(struct alloc_watches *w,
                                const struct bpf_node *node, double trap_ns,
                                unsigned writes, const struct cpus *allowed);
/** The CPUs that the node may run on now. Where other programs have all
 *  breakpoints, words are not watched: see alloc_watches_any,
 *  alloc_watches_gap.
 *  @return 0, or another error of perf_breakpoint_open */
MUST_USE int alloc_watches_set(struct alloc_watches *w,
                               const struct cpus *allowed);
/** Can words be watched on any of these CPUs? */
bool alloc_watches_any(const struct alloc_watches *w);
/** The CPUs on which some or all words could not be watched, when there were
 *  most of these. */
struct breakpoints_gap alloc_watches_gap(const struct alloc_watches *w);
void alloc_watches_close(struct alloc_watches *w);

/** Offers a collection (alloc_pick_offer). */
MUST_USE int alloc_watches_offer(struct alloc_watches *w,
                                 const struct alloc_picked *of);
/** The offers of a span are complete: from them, words are chosen. */
void alloc_watches_choose(struct alloc_watches *w);
/** Gives up words that no function wrote in time, and watches the next ones.
 *  @param more  false: the cost does not allow more for now
 *  @return 0 or -errno */
MUST_USE int alloc_watches_serve(struct alloc_watches *w, uint64_t now_ns,
                                 bool more, alloc_watch_missed *missed,
                                 void *ctx);
/** A function wrote the word. Ends the watch if no more are wanted.
 *  @return the bytes that the sample stands for; 0: it was given up before */
double alloc_watches_found(struct alloc_watches *w, uint64_t serial);
/** When the next word is to be given up; UINT64_MAX: none. */
uint64_t alloc_watches_due(const struct alloc_watches *w);
/** Gives up all. */
void alloc_watches_end(struct alloc_watches *w, alloc_watch_missed *missed,
                       void *ctx);

#endif
