/**
 * @file span_ahead.h
 * The marks of one process that were read, and whose changes are still to come,
 * in the order in which the process wrote them. They tell whether an open span
 * will end: Phoenix executes the stop of [:phoenix, :endpoint] when it sends
 * the response, and that of the [:phoenix, :router_dispatch] within it only
 * later.
 */
#ifndef CPROF_RECORDER_SPAN_AHEAD_H
#define CPROF_RECORDER_SPAN_AHEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span_ring.h"

struct span_ahead_mark {
    uint32_t name, number; /**< as in struct span_change */
    uint32_t what;         /**< enum span_what */
    uint32_t next;         /**< of the same process, or the next free one */
};

/** The marks of all processes. All 0: empty. */
struct span_ahead_pool {
    struct span_ahead_mark *list;
    uint32_t count, cap, free; /**< `free` and `next` are places + 1; 0: none */
};

/** Those of one process, by their places + 1. All 0: it has none. */
struct span_ahead {
    uint32_t first, last;
};

void span_ahead_deinit(struct span_ahead_pool *pool);
/** A mark was read. 0, -ENOMEM or -E_LIMIT. */
MUST_USE int span_ahead_put(struct span_ahead_pool *pool, struct span_ahead *a,
                            const struct span_ahead_mark *mark);
/** The change of this mark came. Does nothing if the mark was not put. */
void span_ahead_take(struct span_ahead_pool *pool, struct span_ahead *a,
                     const struct span_ahead_mark *mark);
void span_ahead_clear(struct span_ahead_pool *pool, struct span_ahead *a);
/** Is the end of this open span to come, before another span of its name and
 *  number starts? Looks at the next SPAN_AHEAD_LOOK marks. */
bool span_ahead_ends(const struct span_ahead_pool *pool,
                     const struct span_ahead *a, uint32_t name,
                     uint32_t number);

enum { SPAN_AHEAD_LOOK = 256 };

#endif
