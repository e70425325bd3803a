/**
 * @file value.h
 * Names the values of a profile by the first of its value types, from which
 * percentages are computed. So a profile of bytes shows neither "CPU" nor "s".
 */
#ifndef CPROF_FORMATS_VALUE_H
#define CPROF_FORMATS_VALUE_H

#include "base/buffer.h"
#include "profile/profile.h"

/** Are the values samples of CPU time, or CPU time itself? */
bool value_is_cpu(const struct profile *p);
/** Are the values a number of samples? */
bool value_is_samples(const struct profile *p);
/** What percentages are of: "CPU", "samples", or the type's name. */
const char *value_whole(const struct profile *p);
/** The title of a column of values, at most 8 characters: "SAMPLES", "BYTES".
 */
const char *value_title(const struct profile *p);
/** A value in such a column, 8 characters wide: "     318", "1.25 MB",
 *  "  3.21 s". */
void value_add(struct buffer *out, const struct profile *p, uint64_t value);
/** The same in a sentence: "1,318 samples", "1.25 MB". */
void value_say(struct buffer *out, const struct profile *p, uint64_t value);

#endif
