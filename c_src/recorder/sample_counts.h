/**
 * @file sample_counts.h
 * What a sample adds to the profile of its event, beside its row.
 */
#ifndef CPROF_RECORDER_SAMPLE_COUNTS_H
#define CPROF_RECORDER_SAMPLE_COUNTS_H

#include "profile/profile.h"
#include "target/sample.h"
#include "unwind/unwind.h"

enum event sample_event(enum sample_of of);
/** Sets those of the values of its row that it has, in the order of its event's
 *  value types (event.h). By how much a heap has grown is not in a sample. */
void sample_counts_values(const struct sample *s, uint64_t values[]);
/** The longest wait so far. */
void sample_counts_longest(struct profile *of, const struct sample *s);
/** Counters of how well its stack and its process are known. */
void sample_counts_quality(struct profile *of, const struct profile_sample *row,
                           const struct unwound *u);

#endif
