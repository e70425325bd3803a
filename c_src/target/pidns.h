/**
 * @file pidns.h
 * The pid namespace of an observed process. Inside a container, the process and
 * its threads have other ids than the ones that cprof sees.
 */
#ifndef CPROF_TARGET_PIDNS_H
#define CPROF_TARGET_PIDNS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct pidns {
    uint64_t dev, ino; /**< its identity, encoded as in the kernel */
    bool ours;         /**< it is also cprof's: the ids are the same */
};

/** @return 0; -E_NO_PROCESS, -E_NO_ACCESS or -errno */
MUST_USE int pidns_read(pid_t pid, struct pidns *out);
/** A thread's id in that namespace, from its id in cprof's (for the process
 *  itself tid is pid); 0 when it has ended. */
pid_t pidns_inner(const struct pidns *ns, pid_t pid, pid_t tid);

#endif
