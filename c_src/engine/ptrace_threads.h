/**
 * @file ptrace_threads.h
 * The threads of a node, and which of them are due. A thread is due when its
 * CPU time has grown by a period. From then on we check at random moments
 * whether it is running, so that every point of its work is equally likely to
 * be sampled. Thus a sample stands for CPU time, and an idle thread is never
 * stopped.
 */
#ifndef CPROF_ENGINE_PTRACE_THREADS_H
#define CPROF_ENGINE_PTRACE_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "engine/copy_plan.h"
#include "engine/engine.h"
#include "engine/ptrace_clock.h"

struct ptrace_thread {
    pid_t tid;
    struct copy_thread plan;
    struct ptrace_clock_files files;
    int cpu;   /**< the CPU on which it may be sampled in this round; -1: it
                    is not due, or had its turn */
    bool over; /**< the thread has ended */
    struct schedstat clock; /**< as last read */
    uint64_t changed_ns;    /**< when its CPU time was last seen to grow */
    uint64_t sampled_cpu;   /**< CPU time at the last sample */
    uint64_t due_cpu;       /**< CPU time at which the next one is due */
    uint64_t rested_ns;     /**< it is not stopped again before this time */
};

struct ptrace_threads {
    pid_t pid;
    uint64_t period_ns;
    struct ptrace_thread *list; /**< sorted by tid; shared with hands */
    size_t room;                /* threads that the list has memory for */
    size_t count, skipped;
    uint64_t look; /* rounds so far */
};

/** Follows the view: adds new threads, drops ended ones, and updates what is
 *  copied of each.
 *  @return 1: the list is a new one, which only a new hand can see; 0: the
 *          threads are the same; -E_GONE: none is left; -ENOMEM; or the error
 *          of the first that could not be opened, if none could */
MUST_USE int ptrace_threads_set(struct ptrace_threads *set,
                                const struct engine_view *view);
void ptrace_threads_deinit(struct ptrace_threads *set);
/** Begins anew: no sample will stand for CPU time before now. */
void ptrace_threads_begin(struct ptrace_threads *set, uint64_t now_ns);
/** Begins a new round: determines the threads that are due. */
void ptrace_threads_round(struct ptrace_threads *set, uint64_t now_ns);
/**
 * Takes one CPU after the other from the threads that are due, until one of
 * them was running there. Only for the hand.
 * @return its index, or `count` at the end of the round
 */
size_t ptrace_threads_next(struct ptrace_threads *set);
/** Notes that thread i was stopped at this time. */
void ptrace_threads_stopped(struct ptrace_threads *set, size_t i,
                            uint64_t now_ns);
/** Notes a sample of thread i.
 *  @return the CPU time that it stands for */
uint64_t ptrace_threads_sampled(struct ptrace_threads *set, size_t i,
                                uint64_t cpu_ns);
/** Removes the threads that have ended; returns how many are left. */
size_t ptrace_threads_sweep(struct ptrace_threads *set);

#endif
