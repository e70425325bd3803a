/**
 * @file groups.h
 * The processes of a report as rows for people: all processes with the same
 * name (process_names.h) are one row.
 */
#ifndef CPROF_PROFILE_GROUPS_H
#define CPROF_PROFILE_GROUPS_H

#include "base/err.h"
#include "profile/process_names.h"
#include "profile/profile.h"
#include "profile/summary.h"

struct group {
    uint32_t process;   /**< the one with the most samples */
    uint64_t processes; /**< how many processes the row stands for */
    bool together;      /**< for several processes; false: for one */
    /** Strings of the profile that all of its processes share; 0: they differ.
     */
    uint32_t initial_call, label, application;
    uint64_t samples;
    double pct, error_pct; /**< as in summary.h */
};

struct groups {
    struct process_names names;
    struct group *rows; /**< sorted by samples */
    size_t count;
    uint32_t *of; /**< by process: its row; PROFILE_NONE: it has no samples */
};

/** s must be the summary of p. 0, -ENOMEM or -E_LIMIT; on an error *out is
 *  unchanged. groups_deinit frees it; its ids are those of p. */
MUST_USE int groups_compute(const struct profile *p, const struct summary *s,
                            struct groups *out);
void groups_deinit(struct groups *g);
/** The name of the row's processes; "" if nothing is known about them. */
const char *groups_name(const struct groups *g, const struct group *row);

#endif
