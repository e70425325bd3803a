/**
 * @file origins.h
 * Where the time comes from: the functions of the application (those in modules
 * that are not the platform's, platform.h), sorted by total. Functions that are
 * merely above everything, such as the loop of a server, explain nothing and
 * are left out:
 *
 *   A function is merely above everything if more than 19 of 20 samples of the
 *   processes that it was seen in have it on their stack, and it is the
 *   innermost function of the application in fewer than 1 of 20 of the samples
 *   that it is in.
 *
 * So of a chain of calls that are all on nearly every stack of a process, only
 * the last function is listed.
 */
#ifndef CPROF_PROFILE_ORIGINS_H
#define CPROF_PROFILE_ORIGINS_H

#include "base/err.h"
#include "profile/summary.h"

struct origins {
    uint32_t *rows; /**< indexes of summary.functions, sorted by total */
    size_t count;
    size_t above; /**< functions before the last row that were left out */
    size_t more;  /**< functions after the last row, which were not checked */
};

/** Finds at most `most` rows. s must be the summary of p. 0 or -ENOMEM.
 *  origins_deinit frees *out. */
MUST_USE int origins_find(const struct profile *p, const struct summary *s,
                          size_t most, struct origins *out);
void origins_deinit(struct origins *o);

#endif
