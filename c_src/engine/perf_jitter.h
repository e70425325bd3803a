/**
 * @file perf_jitter.h
 * Draws the period of a thread's or a CPU's event anew from time to time,
 * within 2 % of the nominal one. Otherwise periodic work might always be
 * sampled at the same points, and threads that sleep and wake together always
 * at the same time.
 */
#ifndef CPROF_ENGINE_PERF_JITTER_H
#define CPROF_ENGINE_PERF_JITTER_H

#include <stdint.h>
#include <sys/types.h>

#include "engine/perf_event.h"

enum { PERF_JITTER_EVERY = 128 }; /**< samples between draws, at least */

struct perf_jitter {
    uint64_t random;  /**< state of the generator */
    unsigned samples; /**< since the last draw; counted by the caller */
};

/** @param number  a tid or a CPU, so that its draws differ from others */
void perf_jitter_init(struct perf_jitter *j, int number);
/** Draws a period. */
uint64_t perf_jitter_period(struct perf_jitter *j, uint64_t nominal_ns);
/** To be called regularly; draws when enough samples were taken.
 *  @param setup  of the event, with the nominal period
 *  @return was a new period set? */
bool perf_jitter_redraw(struct perf_jitter *j, int fd,
                        const struct perf_event_setup *setup);

#endif
