/**
 * @file diff_apart.h
 * Which functions changed, when any change moves the shares of all: the one
 * that moved most surely is set apart, the others are compared without it,
 * and so on until none of the others moved. What is set apart is looked at
 * again each time: what moved only because of another comes back.
 */
#ifndef CPROF_PROFILE_DIFF_APART_H
#define CPROF_PROFILE_DIFF_APART_H

#include "profile/diff_math.h"

/** Of all functions, by id: their own samples. */
struct diff_apart {
    size_t functions;
    const uint64_t *base, *now;
    double base_counted, now_counted;
    const struct diff_certainty *certainty; /**< by function */
};

/** @param apart  by function: set for those that changed; all false before */
void diff_apart_find(const struct diff_apart *a, bool *apart);

#endif
