/**
 * @file diff_spread.h
 * How sure the counts of each row are: how much they vary between recordings
 * of a side, and how many standard errors its interval spans so that all
 * rows' hold together.
 */
#ifndef CPROF_PROFILE_DIFF_SPREAD_H
#define CPROF_PROFILE_DIFF_SPREAD_H

#include "profile/diff_gather.h"
#include "profile/diff_math.h"

/**
 * How much more than independent samples the counts of a recording vary, as a
 * ratio of variances, where several recordings do not tell.
 */
#define DIFF_DISPERSION 1.0
/** As many degrees of freedom that has against what recordings tell. */
#define DIFF_DISPERSION_WEIGHT 12.0

struct diff_spread {
    const struct diff_part *parts;
    size_t part_count;
    const uint64_t *const *counts; /**< by part, by row */
    size_t rows;
    double risk; /**< chance that any interval is wrong */
    double min_effect;
};

/** @param out  by row */
void diff_spread(const struct diff_spread *s, struct diff_certainty *out);

#endif
