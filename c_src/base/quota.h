/**
 * @file quota.h
 * How often something may be done: at most so many times within any span of
 * that length.
 */
#ifndef CPROF_BASE_QUOTA_H
#define CPROF_BASE_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QUOTA_MOST = 1000 };

struct quota {
    unsigned most; /**< 1 to QUOTA_MOST; 0: no limit */
    uint64_t span_ns;
    uint64_t times[QUOTA_MOST]; /* of the last ones; a ring */
    uint64_t count;
};

/** May it be done now? Then it counts. Times (CLOCK_MONOTONIC) must not
 *  decrease. */
static inline bool quota_take(struct quota *q, uint64_t now_ns)
{
    if (q->most == 0)
        return true;
    uint64_t *oldest = &q->times[q->count % q->most];
    if (q->count >= q->most && now_ns - *oldest < q->span_ns)
        return false;
    *oldest = now_ns;
    q->count++;
    return true;
}

#endif
