/**
 * @file alloc_repeats.h
 * Recognises a collection that was begun before, and did not take place.
 *
 * The collector puts a collection off if it is a long one, for a dirty
 * scheduler, or if a BIF that yields has disabled it. Then the process may call
 * the collector again: at the end of a BIF that has called it (garbage_collect
 * of a large heap), or each time the BIF goes on. Only what is new since the
 * call before has not been counted yet. Pure.
 */
#ifndef CPROF_ENGINE_ALLOC_REPEATS_H
#define CPROF_ENGINE_ALLOC_REPEATS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/alloc_collection.h"

enum { ALLOC_REPEATS = 256 };

/** The last call for a process. */
struct alloc_repeat {
    uint64_t process, window;
    struct alloc_heap heap;
    uint64_t binary;
};

/** All 0 at first. */
struct alloc_repeats {
    struct alloc_repeat list[ALLOC_REPEATS];
};

/**
 * To be called for every collection that begins on a normal scheduler. A
 * collection that takes place moves the heap. The same place can be used again
 * by a later one, but between two of the same window there is none that is not
 * sampled.
 * @param window  differs for each window; not 0
 * @param c       if this is a repetition, its bytes are those that were not
 *                counted before, and what the last collection left is not known
 * @param s       likewise its binary_bytes
 * @return is it one?
 */
bool alloc_repeats_take(struct alloc_repeats *r, uint64_t window,
                        struct alloc_collection *c, struct sample *s);

#endif
