/**
 * @file walk_heaps.h
 * What the heaps of all processes hold: how much of them is used, whose are
 * mostly empty, which binaries only old terms refer to. And a sample of the
 * processes, chosen by their memory, from which sums over any kind of process
 * can be estimated (priority sampling, Duffield, Lund and Thorup): each process
 * gets the priority words / u, with u random in (0, 1], and the ROOM processes
 * of the highest priorities are kept. The lowest of these is the threshold, and
 * max(words, threshold) of the others add up, on average, to the words of all
 * processes, also of any kind of them.
 *
 * A process that runs or collects changes the ends of its heap now and then,
 * not at once: ends that do not fit each other are not used, but counted.
 */
#ifndef CPROF_NIF_WALK_HEAPS_H
#define CPROF_NIF_WALK_HEAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/largest.h"
#include "base/procsums.h"
#include "nif/walk_layout.h"

enum {
    WALK_FILLS = 10,           /**< classes of how full a heap is, in tenths */
    WALK_SAMPLES = 5,          /**< a process is in one of them, at random */
    WALK_PRIORITY_UNIT = 1024, /**< priorities are in 1/1024 of a word */
};

/** One heap, in words. */
struct walk_heap {
    uint64_t young, stack, young_free; /**< the block for new terms */
    uint64_t old, old_free;            /**< the block of those that survived */
    uint64_t live;                     /**< what the last collection left */
};

struct walk_heaps {
    uint64_t random; /**< any seed */
    uint64_t count;  /**< heaps that were read */
    uint64_t unread; /**< processes whose ends of the heap do not fit */
    struct walk_heap sum;
    uint64_t fragments, vheap_old; /**< words */
    uint64_t
        off_heap_messages; /**< messages to processes that want them there */
    uint64_t fill_counts[WALK_FILLS], fill_words[WALK_FILLS];
    struct largest unused; /**< by unused words; more: words of the heap */
    struct largest
        pinned; /**< by vheap_old; more: vheap words, young and old */
    struct largest samples[WALK_SAMPLES]; /**< by priority; more: words */
};

/** hs is zeroed. @param top  rows of the lists `unused` and `pinned` */
void walk_heaps_init(struct walk_heaps *hs, uint32_t top, uint64_t random);
/** @return false: it is not known where the ends are, or they do not fit. */
bool walk_heap_read(const struct walk_layout *l, uint64_t process,
                    struct walk_heap *h);
/** Adds a process: its struct, its state, and figures that were read of it. */
void walk_heaps_add(struct walk_heaps *hs, const struct walk_layout *l,
                    uint64_t process, uint32_t state,
                    const struct procsums_process *figures);
/** When all were added: sorts the lists. */
void walk_heaps_sort(struct walk_heaps *hs);

#endif
