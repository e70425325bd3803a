/**
 * @file perf_load.h
 * What the threads of a node do, by the kernel's counters, for perf_duty.h.
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
/** Adds to *sum what a sampled thread did since the last call for it. */
void perf_load_add(pid_t pid, struct perf_thread *t,
                   struct perf_duty_load *sum);

#endif
