/**
 * @file timeline.h
 * When a sample was taken, as a bucket of the timeline: a bounded number of
 * equal steps from the start of the recording. A recording whose length is
 * not known begins with short ones; when they become too many, each two are
 * joined.
 */
#ifndef CPROF_RECORDER_TIMELINE_H
#define CPROF_RECORDER_TIMELINE_H

#include <stdint.h>

#include "base/err.h"
#include "profile/profile.h"

enum { TIMELINE_MAX_BUCKETS = 400 };

/** All 0: no timeline, every sample is in bucket 0. */
struct timeline {
    uint64_t started_ns; /**< CLOCK_MONOTONIC */
    struct profile *profile;
};

/** The length of a bucket for a recording of that duration (0: not known), in
 *  ns: 1, 2 or 5 times a power of ten, at least 10 ms; about 200 of them. */
uint64_t timeline_bucket_ns(uint64_t duration_ns);
/** Buckets of meta.bucket_ns, which is set. */
void timeline_begin(struct timeline *t, struct profile *profile,
                    uint64_t started_ns);
/** The bucket of that moment; at the end of the table joins all by two. Or
 *  -ENOMEM, -E_LIMIT. */
MUST_USE int timeline_at(struct timeline *t, uint64_t time_ns);

#endif
