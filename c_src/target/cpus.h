/**
 * @file cpus.h
 * Sets of CPUs, and the CPUs that a process may run on.
 */
#ifndef CPROF_TARGET_CPUS_H
#define CPROF_TARGET_CPUS_H

#include <sched.h>
#include <stdbool.h>

#include "target/threads.h"

/** cpu_set_t has room for 1024 CPUs (CPU_SETSIZE); some machines have more. */
enum { CPUS_MAX = 8192 };

struct cpus {
    cpu_set_t sets[CPUS_MAX / CPU_SETSIZE];
};

/**
 * The active CPUs that at least one of the threads may run on, by its affinity
 * (which a cpuset narrows). Empty when all of the threads have ended.
 */
void cpus_allowed(const struct threads *threads, struct cpus *out);
/** The smallest CPU of the set that is at least `first`; -1: there is none. */
int cpus_next(const struct cpus *set, int first);

#endif
