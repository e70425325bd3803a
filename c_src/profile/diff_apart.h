/**
 * @file diff_apart.h
 * Finds the functions that changed, although any change moves all shares. The
 * function that moved with the most certainty is set aside, the others are
 * compared without it, and this is repeated until no other function moved. The
 * functions that were set aside are checked again each time: one that moved
 * only because of another function is put back.
 */
#ifndef CPROF_PROFILE_DIFF_APART_H
#define CPROF_PROFILE_DIFF_APART_H

#include "profile/diff_math.h"

/** The own samples of all functions. */
struct diff_apart {
    size_t functions;
    const uint64_t *base, *now; /**< own samples by function */
    double base_counted, now_counted;
    const struct diff_certainty *certainty; /**< by function */
};

/** @param apart  by function: set to true for those that changed; must be all
 *                false before the call */
void diff_apart_find(const struct diff_apart *a, bool *apart);

#endif
