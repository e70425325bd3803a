/**
 * @file alloc_weights.h
 * How many samples were taken, and how certain they are: their weights differ,
 * and several parts of all bytes can be charged to the stack of one record.
 * Pure.
 */
#ifndef CPROF_ENGINE_ALLOC_WEIGHTS_H
#define CPROF_ENGINE_ALLOC_WEIGHTS_H

#include <stdbool.h>
#include <stdint.h>

/** What was charged to the stack of one record so far. */
struct alloc_charged {
    double heap; /**< bytes */
    bool any;    /**< it is a sample already */
};

/** Sums over all samples. */
struct alloc_weights {
    uint64_t samples;
    double heap, heap_squared; /**< bytes of samples, and their squares */
};

/** Charges more to the stack of a record. It remains one sample, however often
 *  that happens.
 *  @return was it its first time? */
bool alloc_weights_add(struct alloc_weights *w, struct alloc_charged *of,
                       double heap);
/** How many samples of equal weight would be as certain.
 *  @param long_error  alloc_windows_long_error */
uint64_t alloc_weights_effective(const struct alloc_weights *w,
                                 double long_error);

#endif
