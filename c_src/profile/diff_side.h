/**
 * @file diff_side.h
 * What the recordings of a side have in common, and which differences between
 * the two sides are so large that the user must know them.
 */
#ifndef CPROF_PROFILE_DIFF_SIDE_H
#define CPROF_PROFILE_DIFF_SIDE_H

#include "profile/diff.h"

/** Describes a side. Its texts become strings of `strings`, which has to live
 *  as long as *out. 0, or an error of the profile. */
MUST_USE int diff_side_describe(const struct profile *const *recordings,
                                size_t count, struct profile *strings,
                                struct diff_side *out);
/** Sets *out to lines about the differences, a string of `strings`; each line
 *  is also added to the notes of `strings`. 0, or an error of the profile. */
MUST_USE int diff_side_compare(const struct diff_side *base,
                               const struct diff_side *now,
                               struct profile *strings, const char **out);

#endif
