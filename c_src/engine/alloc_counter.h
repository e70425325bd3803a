/**
 * @file alloc_counter.h
 * The VM's own count of the collections on normal schedulers. It says exactly
 * how many there were while no breakpoint was set, but nothing else of them.
 */
#ifndef CPROF_ENGINE_ALLOC_COUNTER_H
#define CPROF_ENGINE_ALLOC_COUNTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/engine.h"
#include "target/memory.h"

/** As many normal schedulers as a VM can have (ERTS_MAX_NO_OF_SCHEDULERS). */
enum { ALLOC_COUNTER_MAX = 1024 };

struct alloc_counter {
    struct memory memory;
    uint32_t offset; /**< struct collector's `counter` */
    struct memory_span at[ALLOC_COUNTER_MAX]; /**< where each scheduler has its
                                                   own, to be read into */
    uint64_t value[ALLOC_COUNTER_MAX];        /**< these */
    size_t count;  /**< of schedulers; 0: not all of them are known */
    uint64_t last; /**< the sum when it was read last */
    bool read;     /**< is `last` that of these schedulers? */
};

/** The counter points to itself: it must not be moved once it is in use.
 *  @param offset  struct collector's `counter`; 0: nothing is ever known */
void alloc_counter_init(struct alloc_counter *c, pid_t pid, uint32_t offset);
/** Takes over the node's schedulers as they are known now. */
void alloc_counter_set(struct alloc_counter *c, const struct engine_view *view);
/** How many collections there were since the last call; below 0: not known. */
double alloc_counter_since(struct alloc_counter *c);

#endif
