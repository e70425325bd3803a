/**
 * @file diff_math.h
 * How far apart two counts are, and how certain that is: pure functions.
 *
 *   growth = (now / rest of now) / (base / rest of base) - 1
 *
 * Intervals are computed on a logarithmic scale, with half a sample added to
 * each count, so that few samples give a wide interval instead of none. If a
 * side has no sample, the bound for the other one is exact (binomial).
 */
#ifndef CPROF_PROFILE_DIFF_MATH_H
#define CPROF_PROFILE_DIFF_MATH_H

#include "profile/diff.h"

/** The samples of a side, for one row. */
struct diff_counts {
    double k;    /**< of the row */
    double rest; /**< of the work that it is compared with */
    double both; /**< in both k and rest (a total includes unchanged work) */
    double all;  /**< all counted samples */
};

struct diff_certainty {
    double dispersion; /**< variance / that of independent samples, >= 1 */
    double quantile;   /**< standard errors on each side of an interval */
    double min_effect;
};

/** The value that a standard normal variable exceeds with probability p, for
 *  0 < p <= 0.5. */
double diff_math_normal(double p);
/** The same for Student's t with df (4 or more) degrees of freedom. */
double diff_math_student(double p, double df);
/** How many standard errors the logarithm of 1 + growth is away from 0, for a
 *  dispersion of 1. */
double diff_math_z(const struct diff_counts *base,
                   const struct diff_counts *now);
/** Computes all of *out from the counts. */
void diff_math_share(const struct diff_counts *base,
                     const struct diff_counts *now,
                     const struct diff_certainty *c, struct diff_share *out);

#endif
