/**
 * @file processes.h
 * The processes of a profile. The facts that were known when a process was
 * first seen stay its identity; readers see the facts that are known now.
 *
 *   rows    seen | now | next row with that pid
 *   pids    pid -> first row
 */
#ifndef CPROF_PROFILE_PROCESSES_H
#define CPROF_PROFILE_PROCESSES_H

#include <stdbool.h>

#include "base/err.h"
#include "base/intern.h"
#include "profile/profile.h"

struct processes {
    struct intern rows, pids;
};

void processes_init(struct processes *t);
void processes_deinit(struct processes *t);
/** The id of the process seen as that; -ENOMEM, -E_LIMIT. */
MUST_USE int64_t processes_add(struct processes *t,
                               const struct profile_process *seen);
/** Replaces what is not 0 in all rows with its pid, and makes them described if
 *  `described`; -E_NOT_FOUND: there is none. */
MUST_USE int processes_describe(struct processes *t,
                                const struct profile_process *news,
                                bool described);
/** Borrowed until the next is added. */
const struct profile_process *processes_at(const struct processes *t,
                                           uint32_t id);
/** Was more said of it? */
bool processes_is_described(const struct processes *t, uint32_t id);

#endif
