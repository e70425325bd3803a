/**
 * @file deadline.h
 * How long a piece of work may take: until a point in time, or until somebody
 * asks it to stop. It is passed down to every loop whose length is decided
 * elsewhere (by the observed node, by a file); the loop checks it every few
 * steps.
 */
#ifndef CPROF_BASE_DEADLINE_H
#define CPROF_BASE_DEADLINE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define DEADLINE_NEVER UINT64_MAX

struct deadline {
    uint64_t end_ns;                   /**< CLOCK_MONOTONIC */
    const volatile sig_atomic_t *stop; /**< borrowed; ends the work when it is
                                            not 0; NULL: cannot be stopped */
};

/** A deadline of ms milliseconds from now. */
struct deadline deadline_in(uint64_t ms, const volatile sig_atomic_t *stop);
/** 0: go on; -EINTR: *stop is set; -E_TIME: the time is over. Always 0 if d is
 *  NULL. */
MUST_USE int deadline_check(const struct deadline *d);

/**
 * How often a piece of work may be repeated. Each run is timed from its start
 * to its end, and a rest `share` times as long has to follow. So the work takes
 * at most 1/(1 + share) of the time, however slow it is. Up to `burst_ns` of
 * work may be done before a rest is needed, so that cheap work need not wait.
 */
struct pace {
    uint64_t pause_ns; /**< least time from one run's end to the next's start */
    uint64_t burst_ns; /**< work that may be done without a rest */
    unsigned share;
    bool of_cpu; /**< work is the CPU time of this thread: time in which it
                      waited for a CPU does not count */
    uint64_t began_ns, ended_ns; /* ended_ns 0: never done */
    bool hurried;
    int64_t credit_ns;
};

/** May the work be done now? If so, a run begins, and pace_end must follow. */
bool pace_begin(struct pace *p);
void pace_end(struct pace *p);
/** There is something new to do: the next run need not wait for the pause. */
void pace_hurry(struct pace *p);

#endif
