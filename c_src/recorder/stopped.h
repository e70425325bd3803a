/**
 * @file stopped.h
 * Whether the node was stopped by a signal (SIGSTOP, SIGTSTP) while it was
 * recorded. A stopped node uses no CPU, but it must not be mistaken for an idle
 * one. A stop by a tracer, such as the ptrace engine, does not count.
 */
#ifndef CPROF_RECORDER_STOPPED_H
#define CPROF_RECORDER_STOPPED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "profile/profile.h"

/** Must be all 0 before the first look. */
struct stopped {
    bool now;           /**< stopped at the last look */
    uint64_t looked_ns; /**< time of the last look, CLOCK_MONOTONIC */
    uint64_t total_ns;
};

/** To be called at intervals; each stop is measured to within one interval. If
 *  the process cannot be read, nothing changes. */
void stopped_look(struct stopped *s, pid_t pid, uint64_t now_ns);
/** The same, with the state letter of /proc/PID/stat passed in. */
void stopped_see(struct stopped *s, char state, uint64_t now_ns);
/** Adds a note and a counter to the profile, if the node was stopped. 0, or the
 *  profile's error. */
MUST_USE int stopped_note(const struct stopped *s, struct profile *p);

#endif
