/**
 * @file span_ahead.h
 * The marks that were read, and whose changes are still to come, in the order
 * in which their processes wrote them. They tell whether an open span will end:
 * Phoenix executes the stop of [:phoenix, :endpoint] when it sends the
 * response, and that of the [:phoenix, :router_dispatch] within it only later.
 */
#ifndef CPROF_RECORDER_SPAN_AHEAD_H
#define CPROF_RECORDER_SPAN_AHEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span_ring.h"

enum { SPAN_AHEAD_BUCKETS = 1 << 16 };

struct span_ahead_mark {
    uint64_t pid;
    uint32_t name, number; /**< as in struct span_change */
    uint32_t what;         /**< enum span_what */
    uint32_t next;         /**< in its bucket, or the next free one */
};

/** All 0: empty. Places are counted from 1; 0: none. */
struct span_ahead {
    struct span_ahead_mark *list;
    uint32_t count, cap, free;
    /** By a hash of pid, name and number; the first was written first. */
    uint32_t first[SPAN_AHEAD_BUCKETS], last[SPAN_AHEAD_BUCKETS];
};

void span_ahead_deinit(struct span_ahead *a);
/** A mark was read. 0, -ENOMEM or -E_LIMIT. */
MUST_USE int span_ahead_put(struct span_ahead *a,
                            const struct span_ahead_mark *mark);
/** The change of this mark came. False: it was not put. */
bool span_ahead_take(struct span_ahead *a, const struct span_ahead_mark *mark);
/** Is the end of this open span to come, before another span of the process
 *  with the same name and number starts? `what` is ignored. */
bool span_ahead_ends(const struct span_ahead *a,
                     const struct span_ahead_mark *of);

#endif
