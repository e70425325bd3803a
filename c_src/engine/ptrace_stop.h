/**
 * @file ptrace_stop.h
 * One sample of one running thread: seizes it, interrupts it, copies, and
 * detaches it. Nothing stays traced between samples, so the signals of the node
 * do not wait for us.
 */
#ifndef CPROF_ENGINE_PTRACE_STOP_H
#define CPROF_ENGINE_PTRACE_STOP_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "engine/ptrace_clock.h"
#include "engine/ptrace_copy.h"

struct ptrace_stop {
    /* the request */
    pid_t tid;
    struct ptrace_clock_files files;
    struct schedstat before; /**< read after we had taken its CPU */
    struct ptrace_copy_plan what;

    /* the result */
    uint64_t before_ns;   /**< when we began */
    uint64_t asked_ns;    /**< when it was asked to stop */
    struct sample sample; /**< without its period; points into `room` */
    uint64_t cpu_ns;      /**< CPU time of the thread when it stopped */
    uint64_t hold_ns;     /**< from the request to stop to the release; 0: it
                               was not stopped */
    struct ptrace_copy_room room;
};

/**
 * Samples a thread that runs; only for the hand (ptrace_hand.h).
 * @return
 *   1           a sample
 *   0           it was not running when we took its CPU: no sample
 *   -ESRCH      the thread has ended
 *   -EPERM      it may not be traced, or another process traces it
 *   -ETIMEDOUT  it was killed while it was stopped; the hand must end
 *   -errno      the timer that limits a hold failed: it was not stopped
 * If a hold takes PTRACE_LIMIT_NS, the kernel kills the hand, and this does not
 * return.
 */
MUST_USE int ptrace_stop_sample(struct ptrace_stop *t);

/** Can pid probably be traced? Does not touch it. 0, -E_SECCOMP, -E_NO_ACCESS,
 *  -E_TRACED, -E_NO_PROCESS or -errno. */
MUST_USE int ptrace_stop_probe(pid_t pid);

#endif
