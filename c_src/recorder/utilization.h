/**
 * @file utilization.h
 * How much of the time of its normal schedulers a node uses, seen from outside.
 *
 * The kernel counts how long a scheduler's thread was on a CPU, and how long it
 * waited for one. Samples tell which part of the time on a CPU was work, and
 * which part was a search for work. Time in which it waited for a CPU is
 * neither: a thread that wakes up waits before it can do anything, so on a busy
 * machine this time is long in a node that has little to do. So it is left out,
 * and the utilization is the share of work in the rest, which is all of it if
 * the scheduler always has work, however few CPUs it gets.
 *
 * Schedulers that have not worked since the node began are left out: those that
 * are offline, as most are where a container may use only a few of many CPUs.
 */
#ifndef CPROF_RECORDER_UTILIZATION_H
#define CPROF_RECORDER_UTILIZATION_H

#include "base/err.h"
#include "recorder/live_cpu.h"
#include "recorder/pipeline.h"

/** All 0 before the first mark. */
struct utilization {
    struct live_cpu cpu; /* of the normal schedulers only: reading the times of
                            all threads would be most of what a second costs */
    struct pipeline_work
        worked;     /* at the last mark, and since the one before */
    double at_work; /* the part of the CPU time */
};

void utilization_deinit(struct utilization *u);
/** An interval ends, or the first one begins. 0 or -ENOMEM.
 *  @param worked  so far (pipeline_work) */
MUST_USE int utilization_mark(struct utilization *u, pid_t pid,
                              const struct threads *threads,
                              const struct pipeline_work *worked);
/** Of the last interval, in percent; NAN: not known. */
double utilization_percent(const struct utilization *u);
/** The share of the schedulers' time in which they waited for a CPU, likewise.
 */
double utilization_waited(const struct utilization *u);

#endif
