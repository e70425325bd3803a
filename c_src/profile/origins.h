/**
 * @file origins.h
 * Where the time comes from: the functions of the application (of modules that
 * are not the platform's, platform.h) by total. Those that are merely above
 * everything, as the loop of a server is, say nothing and are left out:
 *
 *   a function is merely above everything when more than 19 of 20 samples of
 *   the processes that it was seen in have it on their stack, and in fewer
 *   than 1 of 20 of its own samples it is the innermost function of the
 *   application
 *
 * So each sample with a function of the application still has the innermost of
 * them in a row, and of a chain of calls that all have the same total only the
 * last is listed.
 */
#ifndef CPROF_PROFILE_ORIGINS_H
#define CPROF_PROFILE_ORIGINS_H

#include "base/err.h"
#include "profile/summary.h"

struct origins {
    uint32_t *rows; /**< indexes of summary.functions, by total */
    size_t count;
    size_t above; /**< functions left out before the last row */
    size_t more;  /**< functions after the last row, not looked at */
};

/** At most `most` rows. -ENOMEM. */
MUST_USE int origins_find(const struct profile *p, const struct summary *s,
                          size_t most, struct origins *out);
void origins_deinit(struct origins *o);

#endif
