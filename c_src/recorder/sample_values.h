/**
 * @file sample_values.h
 * What a sample counts. Pure.
 */
#ifndef CPROF_RECORDER_SAMPLE_VALUES_H
#define CPROF_RECORDER_SAMPLE_VALUES_H

#include "profile/profile.h"
#include "target/sample.h"

enum event sample_event(enum sample_of of);
/** Sets those of the values that the sample has, in the order of its event's
 *  value types (event.h). By how much a heap has grown is not in a sample. */
void sample_values(const struct sample *s, uint64_t values[]);

#endif
