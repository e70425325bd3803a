/**
 * @file perf_load.h
 * What the threads of a node do, by the kernel's counters, for perf_duty.h and
 * perf_weights.h.
 */
#ifndef CPROF_ENGINE_PERF_LOAD_H
#define CPROF_ENGINE_PERF_LOAD_H

#include "engine/perf_duty.h"
#include "engine/perf_thread.h"

/** What the threads that still exist have done in all their lives; ns is the
 *  present time. */
struct perf_duty_load perf_load_so_far(pid_t pid,
                                       const struct threads *threads);
/** The difference of two of these. */
struct perf_duty_load perf_load_between(const struct perf_duty_load *first,
                                        const struct perf_duty_load *then);
/** What a sampled thread did since the last call for it; all 0 at the first
 *  call, or when it has ended.
 *  @param user  is its user_ns to be read? */
struct perf_load perf_load_since(pid_t pid, struct perf_thread *t, bool user);

#endif
