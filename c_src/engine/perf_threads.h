/**
 * @file perf_threads.h
 * The sampled threads of one node, and the epoll that waits for all of them.
 */
#ifndef CPROF_ENGINE_PERF_THREADS_H
#define CPROF_ENGINE_PERF_THREADS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "engine/perf_thread.h"

struct perf_threads {
    struct perf_event_setup setup; /**< nominal; `kernel` and `callchain` are
                                        cleared when they are not permitted */
    struct perf_thread **list;     /**< sorted by tid */
    size_t count, cap;
    size_t skipped; /**< could not be opened */
    int why;        /**< the error of those */
    uint64_t lost;  /**< records of threads that are closed */
    unsigned shift; /**< rings are 2^shift smaller than their default */
    int epoll;      /**< its events point to the struct perf_thread */
    bool armed;     /**< threads that are added are enabled at once */
};

MUST_USE int perf_threads_init(struct perf_threads *set,
                               const struct perf_event_setup *setup);
void perf_threads_deinit(struct perf_threads *set);
/**
 * Opens one event, without the kernel's part when that is not permitted; the
 * setup is changed accordingly. @return 0, -E_MEMLOCK or -errno.
 */
MUST_USE int perf_threads_open_one(const struct thread *of,
                                   struct perf_event_setup *setup,
                                   size_t ring_bytes, struct perf_thread *out);
/** Opens all, with rings as large as fit. Where descriptors or locked memory
 *  are too few for all, as many as can be, schedulers first; the others are
 *  skipped. On failure none is open. */
MUST_USE int perf_threads_open(struct perf_threads *set,
                               const struct threads *threads);
/** Opens those that are not in the set yet, as far as can be. */
MUST_USE int perf_threads_add(struct perf_threads *set,
                              const struct threads *threads);
/** Waits for the thread's (new) descriptor, too. */
MUST_USE int perf_threads_watch(struct perf_threads *set,
                                struct perf_thread *t);
/** Enables or disables the events of all, and of those added from now on. */
MUST_USE int perf_threads_arm(struct perf_threads *set, bool armed);
/** How many records of them all did not fit into their rings so far. */
uint64_t perf_threads_lost(const struct perf_threads *set);
/** Closes the threads that are over. */
void perf_threads_remove_ended(struct perf_threads *set);

#endif
