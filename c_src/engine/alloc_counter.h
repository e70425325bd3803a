/**
 * @file alloc_counter.h
 * The VM's own counts of collections. That of each normal scheduler says
 * exactly how many there were while no breakpoint was set, but nothing else of
 * them. That of all dirty schedulers is one, beside what they have freed.
 */
#ifndef CPROF_ENGINE_ALLOC_COUNTER_H
#define CPROF_ENGINE_ALLOC_COUNTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/alloc_windows.h"
#include "engine/engine.h"
#include "target/collector.h"
#include "target/memory.h"

/** As many normal schedulers as a VM can have (ERTS_MAX_NO_OF_SCHEDULERS). */
enum { ALLOC_COUNTER_MAX = 1024 };

struct alloc_counter {
    struct memory memory;
    uint32_t offset; /**< struct collector's `counter` */
    struct memory_span at[ALLOC_COUNTER_MAX]; /**< where each scheduler has its
                                                   own, to be read into */
    uint64_t value[ALLOC_COUNTER_MAX];        /**< these */
    size_t count;      /**< of schedulers; 0: not all of them are known */
    uint64_t last;     /**< the sum when it was read last */
    bool read;         /**< is `last` that of these schedulers? */
    uint64_t dirty_at; /**< struct collector's `dirty` */
    uint64_t dirty[2]; /**< what was read there last: {freed words, count} */
    bool dirty_read;   /**< was it? */
};

/** The counter points to itself: it must not be moved once it is in use.
 *  @param of  what of it is 0 is never known */
void alloc_counter_init(struct alloc_counter *c, pid_t pid,
                        const struct collector *of);
/** Takes over the node's schedulers as they are known now. */
void alloc_counter_set(struct alloc_counter *c, const struct engine_view *view);
/** How many collections there were on normal schedulers since the last call;
 *  below 0: not known. */
double alloc_counter_since(struct alloc_counter *c);
/** Adds what both counts say since the last call.
 *  @return is that of normal schedulers known? */
bool alloc_counter_add(struct alloc_counter *c, struct alloc_seen *to);

#endif
