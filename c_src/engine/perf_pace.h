/**
 * @file perf_pace.h
 * When the events of a recording are armed, and what its samples stand for:
 * measures what events cost, reads what the node does, and follows perf_duty.h
 * and perf_weights.h.
 */
#ifndef CPROF_ENGINE_PERF_PACE_H
#define CPROF_ENGINE_PERF_PACE_H

#include "engine/perf_cost.h"
#include "engine/perf_duty.h"
#include "engine/perf_threads.h"
#include "engine/perf_weights.h"

struct perf_pace {
    pid_t pid;
    struct perf_duty_terms terms;
    struct perf_duty_load before; /**< the node's load without events */
    struct perf_duty duty;
    struct perf_weights weights;
    struct perf_duty_load load; /**< since the cost was last judged */
    uint64_t looked_ns;         /**< when the load was last read */
    uint64_t took_ns;           /**< for how long */
};

/**
 * Measures what events cost here and, at the same time, the node's load without
 * events. If the events must pause, raises the rate in *setup, so that there
 * are as many samples as was asked for, or more than without.
 * @param bound  of the cost, as in struct engine_config
 * @return 0 or a negative error
 */
MUST_USE int perf_pace_measure(struct perf_pace *p,
                               struct perf_event_setup *setup,
                               const struct threads *threads, double bound);
/** Sampling begins: arms the events, unless it begins with a pause. 0 or a
 *  negative error. */
MUST_USE int perf_pace_begin(struct perf_pace *p, struct perf_threads *set);
/** To be called often, when the rings were read: arms or disarms the events. 0
 *  or a negative error. */
MUST_USE int perf_pace_keep(struct perf_pace *p, struct perf_threads *set);
/** Threads were added to the set; they are counted from now on. */
void perf_pace_follow(const struct perf_pace *p, struct perf_threads *set);
/** Sampling ends: disarms the events. */
void perf_pace_end(struct perf_pace *p, struct perf_threads *set);
/** Sets what a sample of a thread of that kind stands for. false: it is to be
 *  left out. */
bool perf_pace_weigh(struct perf_pace *p, enum thread_kind kind,
                     struct sample *s);
/** What events cost so far, and what is not in the samples. */
void perf_pace_info(const struct perf_pace *p, struct engine_info *out);

#endif
