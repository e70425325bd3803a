/**
 * @file watch_judge.h
 * When `cprof watch` makes a recording: its conditions on the figures of the
 * node, also those that the node tells itself, and what it is asked for.
 */
#ifndef CPROF_CLI_WATCH_JUDGE_H
#define CPROF_CLI_WATCH_JUDGE_H

#include "base/quota.h"
#include "cli/watch_control.h"
#include "cli/watch_pending.h"

/** How long a figure counts that the node has told. */
enum { WATCH_TOLD_S = 3 };

struct watch_told {
    double value;
    uint64_t at_ns; /**< 0: never */
};

/** Begins with the first three, which are borrowed; the rest is 0. */
struct watch_judge {
    struct options *o; /**< with its conditions */
    const struct watch_place *place;
    struct flight *flight; /**< of the node that is watched now */
    struct quota quota;
    struct watch_pending pending; /**< the recording that is being made */
    struct watch_told told[VITALS];
};

/** Another node is watched from now on. */
void watch_judge_restart(struct watch_judge *j, struct flight *flight);
/** The figures (VITAL_SET) that conditions are about. */
unsigned watch_judge_figures(const struct options *o);
/** A condition on a figure that cannot be read from outside, or NULL. */
const struct condition *watch_judge_inside(const struct options *o);
/** Each of these begins a recording if it is time for one, and reports that. 0,
 *  or the error of reporting (watch_say). */
MUST_USE int watch_judge_vitals(struct watch_judge *j, struct vitals *v);
MUST_USE int watch_judge_request(struct watch_judge *j,
                                 const struct watch_request *r);
/** The node has ended. */
MUST_USE int watch_judge_end(struct watch_judge *j);

#endif
