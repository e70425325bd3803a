/**
 * @file perf_jitter.h
 * Draws the period of a thread's event anew from time to time, within 2 % of
 * the nominal one: what the node does periodically is then not sampled at the
 * same points for ever, nor threads that sleep and wake together.
 */
#ifndef CPROF_ENGINE_PERF_JITTER_H
#define CPROF_ENGINE_PERF_JITTER_H

#include <stdint.h>
#include <sys/types.h>

#include "engine/perf_event.h"

struct perf_jitter {
    uint64_t random;  /**< state of the generator */
    unsigned samples; /**< since the last draw; counted by the caller */
};

void perf_jitter_init(struct perf_jitter *j, pid_t tid);
/** To be called now and then; draws when enough samples were taken.
 *  @param setup  of the event, with the nominal period */
void perf_jitter_redraw(struct perf_jitter *j, int fd,
                        const struct perf_event_setup *setup);

#endif
