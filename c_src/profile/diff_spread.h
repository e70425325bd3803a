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
 * The counts of a recording vary
 *
 *   DIFF_DISPERSION       times as much (as variances) as independent samples
 *                         would: work comes in bursts;
 *   + DIFF_DRIFT^2 k      as one recording's work takes longer or shorter than
 *                         the next's by that part: memory, caches, the machine.
 *
 * Measured, see bench/README.md. Where there are several recordings of a side
 * the drift is found from all rows together, and each row's own spread is
 * weighed with what is expected of it.
 */
#define DIFF_DISPERSION 1.1
#define DIFF_DRIFT      0.02
/** Degrees of freedom of what is expected, against those of the recordings. */
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
