/**
 * @file groups.h
 * The processes of a report as rows for people: those that people call the
 * same (process_names.h) are one row, whatever the share of each.
 */
#ifndef CPROF_PROFILE_GROUPS_H
#define CPROF_PROFILE_GROUPS_H

#include "base/err.h"
#include "profile/process_names.h"
#include "profile/profile.h"
#include "profile/summary.h"

struct group {
    uint32_t process;   /**< of the profile: its biggest */
    uint64_t processes; /**< how many it stands for */
    bool together;      /**< a row for many; false: of one process */
    /** Strings of the profile that all of them share; 0: they do not. */
    uint32_t initial_call, label;
    uint64_t samples;
    double pct, error_pct; /**< as in summary.h */
};

struct groups {
    struct process_names names;
    struct group *rows; /**< by samples */
    size_t count;
    uint32_t *of; /**< by process: its row; PROFILE_NONE without samples */
};

/** s is computed from p. 0, -ENOMEM or -E_LIMIT; then *out is as
 *  it was. groups_deinit frees the rows; their ids are of p. */
MUST_USE int groups_compute(const struct profile *p, const struct summary *s,
                            struct groups *out);
void groups_deinit(struct groups *g);
/** What people call its processes; "" when nothing is known of it. */
const char *groups_name(const struct groups *g, const struct group *row);

#endif
