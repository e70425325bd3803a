/**
 * @file unseen.h
 * CPU time of the node that no sample stands for, mostly of threads that ended
 * before they were known: the kernel counts all, so the gap can be told.
 */
#ifndef CPROF_CLI_UNSEEN_H
#define CPROF_CLI_UNSEEN_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "profile/profile.h"

/** CPU time of all threads of a process so far, those that ended included;
 *  0 when it cannot be told. */
uint64_t unseen_cpu_ns(pid_t pid);
/**
 * Counts it and notes it in the profile, whose counters are final, where it is
 * more than chance: above 5 % and ten samples' worth. To be called for events
 * that sample all CPU time only.
 * @param used_ns what the node used while it was sampled
 * @param paused_ns how long we stood still meanwhile: a reason
 */
MUST_USE int unseen_note(struct profile *p, uint64_t used_ns,
                         uint64_t paused_ns);

#endif
