/**
 * @file processes.h
 * The processes of a profile. The facts that were known when a process was
 * first seen remain its key; readers get the facts that are known now.
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
/** The id of the process that was first seen with these facts; or -ENOMEM or
 *  -E_LIMIT. */
MUST_USE int64_t processes_add(struct processes *t,
                               const struct profile_process *seen);
/** In all rows with the pid of `news`, replaces the facts that are not 0 in
 *  `news`, and marks the rows as described if `described`. 0, or -E_NOT_FOUND
 *  if there is no such row. */
MUST_USE int processes_describe(struct processes *t,
                                const struct profile_process *news,
                                bool described);
/** The facts that are known now. Borrowed until the next process is added. */
const struct profile_process *processes_at(const struct processes *t,
                                           uint32_t id);
/** Was processes_describe called for it with `described`? */
bool processes_is_described(const struct processes *t, uint32_t id);

#endif
