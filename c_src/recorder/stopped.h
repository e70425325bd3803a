/**
 * @file stopped.h
 * Whether the node was stopped by a signal (SIGSTOP, SIGTSTP) while it was
 * recorded: then it uses no CPU, which must not be taken for idling. A stop by
 * a tracer, such as the engine ptrace, does not count.
 */
#ifndef CPROF_RECORDER_STOPPED_H
#define CPROF_RECORDER_STOPPED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "profile/profile.h"

/** All 0 before the first look. */
struct stopped {
    bool now;
    uint64_t looked_ns; /**< CLOCK_MONOTONIC */
    uint64_t total_ns;
};

/** To be called every now and then; times are exact to half of that. Without
 *  the right to look, or a process, nothing changes. */
void stopped_look(struct stopped *s, pid_t pid, uint64_t now_ns);
/** The same with a state letter of /proc/PID/stat. */
void stopped_see(struct stopped *s, char state, uint64_t now_ns);
/** Notes and counts it in the profile; nothing when it never was. 0, or the
 *  profile's error. */
MUST_USE int stopped_note(const struct stopped *s, struct profile *p);

#endif
