/**
 * @file ptrace_stop.h
 * One sample of one running thread: seize it, interrupt it, copy, let it go.
 * Nothing is kept between samples, so a node that is not being sampled at the
 * moment is not traced, and its signals go their way without us.
 */
#ifndef CPROF_ENGINE_PTRACE_STOP_H
#define CPROF_ENGINE_PTRACE_STOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "engine/ptrace_clock.h"
#include "engine/ptrace_copy.h"

enum { PTRACE_STOP_WAIT_NS = 5 * 1000 * 1000 };

struct ptrace_stop {
    /* what is asked */
    pid_t pid, tid;
    int clock_fd; /**< ptrace_clock_open of the thread */
    struct ptrace_copy_plan what;

    /* what came of it */
    struct sample sample; /**< without its period; points into room */
    uint64_t cpu_ns;      /**< CPU time of the thread at the stop */
    uint64_t hold_ns;     /**< from asking for the stop to letting go; 0: it was
                               not stopped */
    struct ptrace_copy_room room;
};

/**
 * To be run in the hand (arg is a struct ptrace_stop). @return
 *   1           a sample
 *   0           it did not run, or fell asleep before it stopped: no sample
 *   -ESRCH      the thread has ended
 *   -EPERM      it may not be traced, or is traced by another
 *   -ETIMEDOUT  no stop within PTRACE_STOP_WAIT_NS; the hand ends
 */
int ptrace_stop_sample(void *arg);

/** Could pid be traced, as far as can be told without touching it? 0,
 *  -E_SECCOMP, -E_NO_ACCESS, -E_TRACED, -E_NO_PROCESS or -errno. */
MUST_USE int ptrace_stop_probe(pid_t pid);

#endif
