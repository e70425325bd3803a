/**
 * @file own_canary.h
 * A node that has taken a snapshot of itself has a process of cprof's that
 * stays: the canary, registered as cprof_canary, whose figures were made up to
 * check the walk (lib/native/cprof_calibrate.erl). Like the snapshot from
 * inside, those who read the processes from outside leave it out.
 */
#ifndef CPROF_RECORDER_OWN_CANARY_H
#define CPROF_RECORDER_OWN_CANARY_H

#include <stdbool.h>
#include <stdint.h>

#include "recorder/target_state.h"
#include "target/proctable.h"

struct own_canary {
    struct target_state *target; /**< borrowed; NULL: there is no canary */
    uint64_t pid;                /**< term; 0: it was not met yet */
};

/** Is that process the canary? Until it has been met, reads the names of
 *  registered processes. */
bool own_canary_is(struct own_canary *c, const struct proctable_process *p);

#endif
