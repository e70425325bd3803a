/**
 * @file timeline.h
 * Maps the time of a sample to a bucket of the timeline, which is a bounded
 * number of equal steps from the start of the recording. A recording whose
 * length is not known begins with short buckets; when there are too many of
 * them, they are joined in pairs.
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
    uint32_t bucket; /**< without a profile: that of the samples that come */
};

/** The length of a bucket in ns, for a recording of that duration (0: not
 *  known): at least 10 ms, and 1, 2 or 5 times a power of ten, so that there
 *  are at most 200 buckets. */
uint64_t timeline_bucket_ns(uint64_t duration_ns);
/** Begins a timeline with buckets of meta.bucket_ns, which must be set.
 * profile, the first one of the recording, is borrowed. */
void timeline_begin(struct timeline *t, struct profile *profile,
                    uint64_t started_ns);
/** The bucket of a time (CLOCK_MONOTONIC). If it is beyond the last bucket, all
 *  buckets of the recording are joined in pairs first. Or -ENOMEM, -E_LIMIT. */
MUST_USE int timeline_at(struct timeline *t, uint64_t time_ns);

#endif
