/**
 * @file diff_spread.h
 * How certain the counts of each row are: how much they vary between recordings
 * of a side, and how many standard errors an interval must have so that the
 * intervals of all rows are right at the same time.
 */
#ifndef CPROF_PROFILE_DIFF_SPREAD_H
#define CPROF_PROFILE_DIFF_SPREAD_H

#include "profile/diff_gather.h"
#include "profile/diff_math.h"

/**
 * The variance of a recording's count k is that of independent samples times
 *
 *   DIFF_DISPERSION       because work comes in bursts,
 *   + DIFF_DRIFT^2 k      because the same work takes longer in one recording
 *                         than in the next by about this part (memory, caches,
 *                         the machine).
 *
 * Both were measured; see bench/README.md. If a side has several recordings,
 * the drift is computed from all rows together, and the spread of each row is
 * averaged with its expected spread.
 */
#define DIFF_DISPERSION 1.1
#define DIFF_DRIFT      0.02
/** The weight of the expected spread in that average, in degrees of freedom. */
#define DIFF_DISPERSION_WEIGHT 12.0

struct diff_spread {
    const struct diff_part *parts;
    size_t part_count;
    const uint64_t *const *counts; /**< by part, by row */
    size_t rows;
    double risk; /**< probability that any interval is wrong */
    double min_effect;
};

/** @param out  by row */
void diff_spread(const struct diff_spread *s, struct diff_certainty *out);

#endif
