/**
 * @file cpus.h
 * Sets of CPUs of the machine, and on which of them a process may run.
 */
#ifndef CPROF_TARGET_CPUS_H
#define CPROF_TARGET_CPUS_H

#include <sched.h>
#include <stdbool.h>

#include "target/threads.h"

/** CPU_SETSIZE is 1024, and there are larger machines. */
enum { CPUS_MAX = 8192 };

struct cpus {
    cpu_set_t sets[CPUS_MAX / CPU_SETSIZE];
};

/**
 * The online CPUs that at least one of the threads may run on (its affinity,
 * which a cpuset narrows); threads that have ended are left out. Empty when
 * none of them is there.
 */
void cpus_allowed(const struct threads *threads, struct cpus *out);
/** The smallest CPU of the set from first on; -1: there is none. */
int cpus_next(const struct cpus *set, int first);

#endif
