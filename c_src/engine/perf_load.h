/**
 * @file perf_load.h
 * What the threads of a node do, as the kernel counts it, for perf_duty.h.
 */
#ifndef CPROF_ENGINE_PERF_LOAD_H
#define CPROF_ENGINE_PERF_LOAD_H

#include "engine/perf_duty.h"
#include "engine/perf_thread.h"

/** What the threads did in their lives, without those that have ended; ns is
 *  the present time. */
struct perf_duty_load perf_load_so_far(pid_t pid,
                                       const struct threads *threads);
/** What lies between two of these. */
struct perf_duty_load perf_load_between(const struct perf_duty_load *first,
                                        const struct perf_duty_load *then);
/** Adds to *sum what a sampled thread did since it was last asked. */
void perf_load_add(pid_t pid, struct perf_thread *t,
                   struct perf_duty_load *sum);

#endif
