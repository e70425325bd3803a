/**
 * @file perf_threads.h
 * The sampled threads of one node, and the epoll descriptor that waits for all
 * of them.
 */
#ifndef CPROF_ENGINE_PERF_THREADS_H
#define CPROF_ENGINE_PERF_THREADS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "engine/perf_thread.h"

struct perf_threads {
    struct perf_event_setup setup; /**< with the nominal period; `kernel` and
                                        `callchain` are cleared when they are
                                        not permitted */
    struct perf_thread **list;     /**< sorted by tid */
    size_t count, cap;
    size_t skipped; /**< threads that could not be opened */
    int why;        /**< the error of these */
    uint64_t lost;  /**< lost records of threads that were closed */
    unsigned shift; /**< rings are 2^shift times smaller than usual */
    int epoll;      /**< its events point to the struct perf_thread */
    bool armed;     /**< the event of an added thread is enabled at once */
};

MUST_USE int perf_threads_init(struct perf_threads *set,
                               const struct perf_event_setup *setup);
void perf_threads_deinit(struct perf_threads *set);
/**
 * Opens one event. If sampling the kernel is not permitted, opens it without,
 * and changes the setup accordingly.
 * @return 0, -E_MEMLOCK or -errno
 */
MUST_USE int perf_threads_open_one(const struct thread *of,
                                   struct perf_event_setup *setup,
                                   size_t ring_bytes, struct perf_thread *out);
/** Opens all threads, with the largest rings that fit. If there are too few
 *  descriptors, or too little locked memory, as many as possible are opened,
 *  schedulers first; the others are skipped. After an error none is open. */
MUST_USE int perf_threads_open(struct perf_threads *set,
                               const struct threads *threads);
/** Opens the threads that are not in the set yet, as far as possible. */
MUST_USE int perf_threads_add(struct perf_threads *set,
                              const struct threads *threads);
/** Adds the thread's (new) descriptor to those that are waited for. */
MUST_USE int perf_threads_watch(struct perf_threads *set,
                                struct perf_thread *t);
/** Enables or disables all events, and those that are added from now on. */
MUST_USE int perf_threads_arm(struct perf_threads *set, bool armed);
/** The number of records so far that did not fit into the rings. */
uint64_t perf_threads_lost(const struct perf_threads *set);
/** Closes the threads that are over. */
void perf_threads_remove_ended(struct perf_threads *set);

#endif
