/**
 * @file alloc_words.h
 * What a process has allocated since its last collection, and what that one has
 * left, by its fields at the beginning of the next one. Pure.
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
    uint64_t old_heap, old_hend; /**< the old heap; 0: there is none */
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

/** What the last collection has left. */
struct alloc_left {
    bool known;    /**< false: it is not the heap that a collection left */
    bool by_minor; /**< it was a minor one; else it was a major one, or there
                        was none yet */
    uint64_t survived; /**< bytes that it kept of those that were new; 0 unless
                            by_minor */
    uint64_t size;     /**< bytes of the heap now: the blocks of both heaps and
                            the fragments, like total_heap_size of process_info
                        */
};

/**
 * A minor collection moves to the old heap what lies below the high water mark,
 * and to the new young heap what it keeps of the rest (do_minor in erl_gc.c).
 * So all that then lies below the new high water mark has survived its first
 * collection. A major one moves everything to the young heap, and frees the old
 * heap: of what it keeps, it is not known how much was new. There is an old
 * heap if, and only if, the last collection was a minor one.
 *
 * What is read is what the collection before has left, so each one is seen
 * once, but for the last one of each process.
 */
struct alloc_left alloc_words_left(const struct alloc_heap *h, bool dirty);

#endif
