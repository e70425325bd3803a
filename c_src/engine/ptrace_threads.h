/**
 * @file ptrace_threads.h
 * The threads of a node, and which of them are due. A thread is due when its
 * CPU time has grown by a period. From then on we check at random moments
 * whether it is running, so every point of its work is equally likely to be
 * sampled. So a sample stands for CPU time, and an idle thread is never
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
    int cpu;   /**< in this round, where it may be sampled; -1: it may not */
    bool over; /**< the thread has ended */
    struct schedstat clock; /**< when last looked at */
    uint64_t changed_ns;    /**< when that was seen to have grown */
    uint64_t sampled_cpu;   /**< CPU time at the last sample */
    uint64_t due_cpu;       /**< CPU time at which the next one is due */
    uint64_t rested_ns;     /**< not to be stopped again before this time */
};

struct ptrace_threads {
    pid_t pid;
    uint64_t period_ns;
    struct ptrace_thread *list; /**< sorted by tid; shared with hands */
    size_t room;                /* threads that the list has memory for */
    size_t count, skipped;
    uint64_t look; /* rounds so far */
};

/** Follows the view: adds, drops, and learns anew what is to be copied.
 *  1: the list is a new one, which only a new hand sees; 0: the threads are the
 *  same; -E_GONE: none is left; or why the first could not be opened. */
MUST_USE int ptrace_threads_set(struct ptrace_threads *set,
                                const struct engine_view *view);
void ptrace_threads_deinit(struct ptrace_threads *set);
/** The time until now is not sampled. */
void ptrace_threads_begin(struct ptrace_threads *set, uint64_t now_ns);
/** A new round of looks: of which threads is a sample due? */
void ptrace_threads_round(struct ptrace_threads *set, uint64_t now_ns);
/**
 * Takes CPU after CPU from the threads that are due, until one ran there. By
 * the hand only. @return its index, or count at the end of the round
 */
size_t ptrace_threads_next(struct ptrace_threads *set);
/** Notes that it was stopped at this time. */
void ptrace_threads_stopped(struct ptrace_threads *set, size_t i,
                            uint64_t now_ns);
/** Notes a sample. @return the CPU time that it stands for */
uint64_t ptrace_threads_sampled(struct ptrace_threads *set, size_t i,
                                uint64_t cpu_ns);
/** Closes those that are over; how many are left. */
size_t ptrace_threads_sweep(struct ptrace_threads *set);

#endif
