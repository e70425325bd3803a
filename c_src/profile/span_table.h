/**
 * @file span_table.h
 * What a report says of spans, one row for each name: how long they took, and
 * what was sampled in them, by the events of the recording. A sample counts for
 * each span that it is in, once for each name; so a row includes what other
 * spans within it took. A span within another one of the same name is a part of
 * that one, and is not counted again.
 */
#ifndef CPROF_PROFILE_SPAN_TABLE_H
#define CPROF_PROFILE_SPAN_TABLE_H

#include <stdbool.h>

#include "base/err.h"
#include "profile/longest.h"
#include "profile/profile.h"

enum { SPAN_WAITS = 3 };

struct span_row {
    uint32_t name;  /**< string */
    uint64_t ended; /**< spans that ended while it was recorded; 0 also if that
                         is not known */
    uint64_t cut;   /**< spans of which only a part was recorded */
    uint64_t took_ns, p50_ns, p95_ns, p99_ns; /**< of those that ended: the sum
                         of their durations, which is exact, and quantiles, to
                         1.6 % */
    /** Event cpu. `own` is without what other spans within it took. */
    uint64_t cpu_ns, own_cpu_ns;
    /** Event wall: process time; also of processes that work for one in the
     *  span. */
    uint64_t running_ns;  /**< running, or a garbage collection */
    uint64_t runnable_ns; /**< ready, but no scheduler ran it */
    uint64_t waiting_ns;  /**< for an answer or another message */
    uint64_t rest_ns;     /**< suspended, exiting, or not known */
    /** Most of waiting_ns: by leaf frames, such as [waits for my_server]. */
    struct longest waits[SPAN_WAITS];
    unsigned wait_count;
    uint64_t blocked_ns; /**< event block */
    uint64_t allocated;  /**< event alloc: bytes on heaps */
};

struct span_table {
    struct span_row *rows; /**< the largest first: by CPU time, or else by
                                process time, or else by `took_ns` */
    size_t count;          /**< 0: no sample is in a span, and none ended */
    unsigned events;       /**< of the recording, as a set */
    uint64_t cpu_ns, cpu_in_spans_ns; /**< of all counted samples */
};

/** Of a whole recording, with all its events; p is the first profile. 0 or
 *  -ENOMEM, -E_LIMIT; span_table_deinit frees it. */
MUST_USE int span_table_compute(const struct profile *p,
                                struct span_table *out);
void span_table_deinit(struct span_table *t);

#endif
