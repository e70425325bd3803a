/**
 * @file value.h
 * What a profile's values are, in words: the first of its value types, which
 * percentages are made by. A profile of bytes says neither "CPU" nor "s".
 */
#ifndef CPROF_FORMATS_VALUE_H
#define CPROF_FORMATS_VALUE_H

#include "base/buffer.h"
#include "profile/profile.h"

/** Are the values a number of samples, or of CPU time? */
bool value_is_cpu(const struct profile *p);
/** Are they a number of samples? */
bool value_is_samples(const struct profile *p);
/** What percentages are of: "CPU", "samples", or the type's name. */
const char *value_whole(const struct profile *p);
/** The title of a column of values, at most 8 long: "SAMPLES", "BYTES". */
const char *value_title(const struct profile *p);
/** A value of the column, 8 wide: "     318", "1.25 MiB", "  3.21 s". */
void value_add(struct buffer *out, const struct profile *p, uint64_t value);
/** The same in a sentence: "1,318 samples", "1.25 MiB". */
void value_say(struct buffer *out, const struct profile *p, uint64_t value);

#endif
