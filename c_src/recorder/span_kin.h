/**
 * @file span_kin.h
 * Reads from the node's memory for whom a process works, and which processes
 * are alive. A process works for the first of the `$callers` in its dictionary
 * (Task puts them there), or else for the first of its `$ancestors` (proc_lib).
 */
#ifndef CPROF_RECORDER_SPAN_KIN_H
#define CPROF_RECORDER_SPAN_KIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "profile/event.h"
#include "recorder/target_state.h"

struct span_kin;

/** target is borrowed until span_kin_close. 0 or -ENOMEM. */
MUST_USE int span_kin_open(struct target_state *target, struct span_kin **out);
void span_kin_close(struct span_kin *k);
/**
 * Reads for whom a process works.
 * @param event      of the sample that asks
 * @param pid        term
 * @param works_for  the pid term; 0: for nobody, or not known
 * @return true; false: it could not be read, because reading for this event has
 *         already taken a tenth of the time, or because the process changed
 *         meanwhile: try again later
 */
bool span_kin_of(struct span_kin *k, enum event event, uint64_t pid,
                 uint64_t *works_for);
/** As span_stacks_lives; ctx is a struct span_kin. */
void span_kin_lives(void *ctx, const uint64_t *pids, size_t n, bool *alive);

#endif
