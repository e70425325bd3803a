/**
 * @file alloc_words.h
 * What a process has allocated since its last collection, by its fields at the
 * beginning of the next one. Pure.
 */
#ifndef CPROF_ENGINE_ALLOC_WORDS_H
#define CPROF_ENGINE_ALLOC_WORDS_H

#include <stdbool.h>
#include <stdint.h>

/** Fields of struct Process; addresses, but for `fragments`. */
struct alloc_heap {
    uint64_t heap, htop, hend; /**< where it begins, is full, and ends */
    uint64_t high_water;       /**< where it was full after the last collection;
                                    both kinds of collection set it */
    uint64_t fragments;        /**< words of heap fragments: of messages, and of
                                    what BIFs made that did not fit */
};

/** Bytes since the last collection. */
struct alloc_bytes {
    uint64_t block;  /**< in the block of the heap, from high_water to htop */
    uint64_t beside; /**< in fragments */
};

/**
 * A long collection is delayed until a dirty scheduler has time for it
 * (delay_garbage_collection in erl_gc.c). What was allocated is counted when
 * the collection was first wanted, on the scheduler where the function ran.
 * Meanwhile the process may go on with a fragment as its heap, while its high
 * water mark still is in the abandoned heap: then only what the fragment has is
 * new, and of a process that did not need one, nothing.
 *
 * @param dirty  the thread is a dirty scheduler
 * @return whole words; all 0 if the fields do not fit together
 */
struct alloc_bytes alloc_words_bytes(const struct alloc_heap *h, bool dirty);

#endif
