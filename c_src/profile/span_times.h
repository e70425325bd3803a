/**
 * @file span_times.h
 * How long the spans of a recording took, whatever was sampled in them: for
 * each node of the trie of spans (struct profile_span) how many ended while it
 * was recorded, and their durations.
 *
 * Durations are counted in buckets: 32 for each doubling, so the middle of a
 * bucket differs from a duration in it by at most 1.6 %. Sums are exact.
 */
#ifndef CPROF_PROFILE_SPAN_TIMES_H
#define CPROF_PROFILE_SPAN_TIMES_H

#include <stdint.h>

#include "base/err.h"
#include "base/intern.h"

/** Of the spans of one node. */
struct span_total {
    uint32_t span, unused;
    uint64_t ended; /**< while it was recorded; also if they began before */
    uint64_t ns;    /**< the sum of their durations */
    uint64_t cut;   /**< of which only a part was recorded: they began before
                         the recording, or had not ended when it did */
};

struct span_duration {
    uint32_t span, bucket;
    uint64_t count;
};

/** May be looked at; changed by the functions below only. */
struct span_times {
    struct intern totals;    /**< struct span_total */
    struct intern durations; /**< struct span_duration */
};

void span_times_init(struct span_times *t);
void span_times_deinit(struct span_times *t);
/** Adds a span that ended after ns. 0, -ENOMEM or -E_LIMIT. */
MUST_USE int span_times_ended(struct span_times *t, uint32_t span, uint64_t ns);
/** Adds sums, and durations of one bucket, as they were read. The same errors.
 */
MUST_USE int span_times_add(struct span_times *t,
                            const struct span_total *total);
MUST_USE int span_times_add_durations(struct span_times *t, uint32_t span,
                                      uint32_t bucket, uint64_t count);
/** Compares two struct span_duration, for qsort: by span, then by bucket. */
int span_times_compare(const void *a, const void *b);
/** All 0 if nothing is known of the span. */
struct span_total span_times_of(const struct span_times *t, uint32_t span);

enum { SPAN_BUCKETS = 60 * 32 };
/** The bucket of a duration, below SPAN_BUCKETS. */
uint32_t span_times_bucket(uint64_t ns);
/** The middle of a bucket. */
uint64_t span_times_middle(uint32_t bucket);

#endif
