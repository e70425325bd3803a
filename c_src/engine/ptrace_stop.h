/**
 * @file ptrace_stop.h
 * One sample of one running thread: seize it, interrupt it, copy, let it go.
 * Nothing is kept between samples, so a node that is not being sampled at the
 * moment is not traced, and its signals go their way without us.
 */
#ifndef CPROF_ENGINE_PTRACE_STOP_H
#define CPROF_ENGINE_PTRACE_STOP_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "engine/ptrace_clock.h"
#include "engine/ptrace_copy.h"

struct ptrace_stop {
    /* what is asked */
    pid_t tid;
    struct ptrace_clock_files files;
    struct schedstat before; /**< read when we had taken its CPU */
    struct ptrace_copy_plan what;

    /* what came of it */
    uint64_t before_ns;   /**< when it was begun with */
    uint64_t asked_ns;    /**< when it was asked to stop */
    struct sample sample; /**< without its period; points into room */
    uint64_t cpu_ns;      /**< CPU time of the thread at the stop */
    uint64_t hold_ns;     /**< from asking for the stop to letting go; 0: it was
                               not stopped */
    struct ptrace_copy_room room;
};

/**
 * Stops a thread that runs; by the hand only. @return
 *   1           a sample
 *   0           it was not on a CPU when we took that: no sample
 *   -ESRCH      the thread has ended
 *   -EPERM      it may not be traced, or is traced by another
 *   -ETIMEDOUT  it was killed while it was stopped; the hand ends
 *   -errno      there is no timer to end a hold with: it was not stopped
 * A hold of PTRACE_LIMIT_NS ends the hand: there is no return then.
 */
MUST_USE int ptrace_stop_sample(struct ptrace_stop *t);

/** Could pid be traced, as far as can be told without touching it? 0,
 *  -E_SECCOMP, -E_NO_ACCESS, -E_TRACED, -E_NO_PROCESS or -errno. */
MUST_USE int ptrace_stop_probe(pid_t pid);

#endif
