/**
 * @file diff_side.h
 * What the recordings of a side have in common, and what of the two sides is
 * so different that it is said before any figure.
 */
#ifndef CPROF_PROFILE_DIFF_SIDE_H
#define CPROF_PROFILE_DIFF_SIDE_H

#include "profile/diff.h"

/** Texts become strings of `strings`, which has to live as long. */
MUST_USE int diff_side_describe(const struct profile *const *recordings,
                                size_t count, struct profile *strings,
                                struct diff_side *out);
/** Lines into *out, a string of `strings` (""), each also noted in it. */
MUST_USE int diff_side_compare(const struct diff_side *base,
                               const struct diff_side *now,
                               struct profile *strings, const char **out);

#endif
