/**
 * @file diff_math.h
 * How far two counts are apart, and how sure that is: pure functions.
 *
 *   growth = (now / rest now) / (base / rest base) - 1
 *
 * on a logarithmic scale, with half a sample added to each count, so that
 * few samples give a wide interval instead of none. Where a side has no
 * sample the bound of the other is exact (binomial).
 */
#ifndef CPROF_PROFILE_DIFF_MATH_H
#define CPROF_PROFILE_DIFF_MATH_H

#include "profile/diff.h"

/** A side's samples of one row. */
struct diff_counts {
    double k;    /**< of the row */
    double rest; /**< of the work it is measured against */
    double both; /**< in k and in rest (a total holds unchanged work) */
    double all;  /**< counted samples */
};

struct diff_certainty {
    double dispersion; /**< variance over that of independent samples, >= 1 */
    double quantile;   /**< how many standard errors an interval spans */
    double min_effect;
};

/** x with a chance of p that a standard normal variable is above it, for
 *  0 < p <= 0.5. */
double diff_math_normal(double p);
/** The same of Student's t with df (4 or more) degrees of freedom. */
double diff_math_student(double p, double df);
/** Standard errors that the logarithm of the growth is from 0; at dispersion
 *  1. */
double diff_math_z(const struct diff_counts *base,
                   const struct diff_counts *now);
/** All of *out from counts. */
void diff_math_share(const struct diff_counts *base,
                     const struct diff_counts *now,
                     const struct diff_certainty *c, struct diff_share *out);

#endif
