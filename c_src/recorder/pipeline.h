/**
 * @file pipeline.h
 * One sample's way through the program, on one screen:
 *
 *   sample -> unwinder -> addresses -> symbols -> frames -> profile
 *
 * The session opens the parts; here they meet.
 */
#ifndef CPROF_RECORDER_PIPELINE_H
#define CPROF_RECORDER_PIPELINE_H

#include "base/err.h"
#include "profile/profile.h"
#include "recorder/target_state.h"
#include "symbols/symbols.h"
#include "target/sample.h"
#include "unwind/unwind.h"

struct pipeline;

/** Everything is borrowed until pipeline_close. 0, -ENOMEM, or the profile's
 *  error. */
MUST_USE int pipeline_open(struct target_state *target,
                           struct unwinder *unwinder, struct symbols *symbols,
                           struct profile *profile, struct pipeline **out);
/** From now on samples are put into the timeline of meta.bucket_ns, which
 *  began at started_ns (CLOCK_MONOTONIC). */
void pipeline_keep_time(struct pipeline *p, uint64_t started_ns);
void pipeline_close(struct pipeline *p);
/** Takes one sample in; false when a longer copy of the stack would have
 *  helped. The first error (-ENOMEM, or -E_LIMIT of the
 *  profile) is kept for pipeline_status. */
bool pipeline_sample(struct pipeline *p, const struct sample *s);
/** To be called after the last sample: what could not be read yet is read once
 *  more (census.h). An error is kept for pipeline_status. */
void pipeline_settle(struct pipeline *p);
/** 0, or the first error of a sample; what came after it may be missing. */
MUST_USE int pipeline_status(const struct pipeline *p);

#endif
