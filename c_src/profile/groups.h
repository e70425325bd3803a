/**
 * @file groups.h
 * The processes of a report as rows for people: those that share an initial
 * call and a label and are many, unnamed and small each are one row. All
 * other processes have their own.
 */
#ifndef CPROF_PROFILE_GROUPS_H
#define CPROF_PROFILE_GROUPS_H

#include "base/err.h"
#include "profile/profile.h"
#include "profile/summary.h"

/** From so many processes on they are a group ... */
enum { GROUPS_MANY = 8 };
/** ... of those that have less than this share each, in percent. */
#define GROUPS_SMALL_PCT 2.0

struct group {
    uint32_t process;   /**< of the profile: its biggest */
    uint64_t processes; /**< how many it stands for */
    bool together;      /**< a row for many; false: of one process */
    uint64_t samples;
    double pct, error_pct; /**< as in summary.h */
};

struct groups {
    struct group *rows; /**< by samples */
    size_t count;
    uint32_t *of; /**< by process: its row; PROFILE_NONE without samples */
};

/** s is computed from p. 0, -ENOMEM or -E_LIMIT; then *out is as
 *  it was. groups_deinit frees the rows; their ids are of p. */
MUST_USE int groups_compute(const struct profile *p, const struct summary *s,
                            struct groups *out);
void groups_deinit(struct groups *g);

#endif
