/**
 * @file procsums.h
 * Sums over all processes of a node, and the processes with the largest
 * figures. The walk of the NIF and the snapshot from outside use the same ones,
 * so that their figures mean the same.
 */
#ifndef CPROF_BASE_PROCSUMS_H
#define CPROF_BASE_PROCSUMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/figure.h"
#include "base/largest.h"
#include "base/procstate.h"

enum {
    PROCSUMS_CLASSES = 41, /**< of queue lengths: 0, 1, 2-3, 4-7, ... */
    /** Words of binaries: a process that holds less is no suspect. */
    PROCSUMS_LEAK_LEAST = 8192,
    /** A process that used fewer reductions since the last walk counts as
     *  inactive: answering process_info also takes some. */
    PROCSUMS_STILL_REDUCTIONS = 4000,
};

/** The figures of one process. One that is FIGURE_UNKNOWN is in no sum. */
struct procsums_process {
    uint64_t id; /**< pid term */
    uint64_t queue, vheap_words, heap_words;
    uint64_t live_words; /**< of the heap, what the last collection left, + 1;
                              0: not known */
};

/** What is known of it from the walk before. */
struct procsums_since {
    uint64_t queue;      /**< queue length then, + 1; 0: not known */
    uint64_t reductions; /**< since then; 0 for a new process */
    uint64_t still_ms;   /**< ms without activity, + 1; 0: not known */
};

struct procsums {
    uint64_t count, states[PROCSTATE_COUNT];
    uint64_t lower_bounds; /**< processes whose queue may be longer */
    uint64_t queue_total, queue_max, queue_classes[PROCSUMS_CLASSES];
    uint64_t vheap_words, heap_words;
    /** more: queue length at the last walk + 1, or 0 */
    struct largest queues;
    /** more: vheap words, heap words, still_ms of procsums_since.
     *  The key of leaks is vheap words per heap word, in 1/256. */
    struct largest binaries, leaks;
    struct largest memories; /**< more: live words + 1, or 0 */
    struct largest reductions;
};

/** s is zeroed. @param top  rows of each list, at most LARGEST_ROOM */
void procsums_init(struct procsums *s, uint32_t top);
/** Counts a process. */
void procsums_count(struct procsums *s, enum procstate state, bool at_least);
/** Adds the figures of a process. */
void procsums_add(struct procsums *s, const struct procsums_process *p,
                  const struct procsums_since *since);
/** When all were added: sorts the lists. */
void procsums_sort(struct procsums *s);

#endif
