/**
 * @file perf_duty.h
 * Decides when the events on threads are armed, so that what they cost the node
 * stays below a bound. Pure: time and load are passed in.
 *
 * Windows in which the events are armed alternate with pauses. Both have random
 * lengths, so that periodic work is not missed, or hit, every time. The share
 * of armed time is only ever halved. perf_weights.h decides what the samples
 * then stand for.
 */
#ifndef CPROF_ENGINE_PERF_DUTY_H
#define CPROF_ENGINE_PERF_DUTY_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/perf_cost.h"

/** What the node did in some span of time. */
struct perf_duty_load {
    uint64_t ns;     /**< length of the span */
    uint64_t runs;   /**< times that its threads came onto a CPU */
    uint64_t cpu_ns; /**< CPU time of its threads */
};

/** The bound that the cost of events has to keep, and what decides the cost. */
struct perf_duty_terms {
    struct perf_cost cost;
    double bound;  /**< share of the node's CPU time; 0: none */
    unsigned rate; /**< samples per second of CPU time, while armed */
};

struct perf_duty {
    struct perf_duty_terms terms;
    double share;       /**< present share of armed time */
    bool armed;         /**< are the events armed now? */
    uint64_t edge_ns;   /**< when that changes; UINT64_MAX: never */
    double over_ns;     /**< armed time in excess of the share */
    bool anew;          /**< the share is new, over_ns does not fit it yet */
    uint64_t turned_ns; /**< when `armed` changed last */
    uint64_t random;
    uint64_t lowered; /**< times that the share was halved while sampling */
    /** Sums since perf_duty_begin. */
    double cost_ns, paused_ns;
    struct perf_duty_load load;
};

/** The largest share of armed time for a node with that load. */
double perf_duty_share(const struct perf_duty_terms *terms,
                       const struct perf_duty_load *load);
/** Begins at a random moment of a window or a pause.
 *  @param before  the node's load without events */
void perf_duty_begin(struct perf_duty *d, const struct perf_duty_terms *terms,
                     const struct perf_duty_load *before, uint64_t now_ns);
/** Is a pause over, or is there none? Then perf_duty_saw is to be called before
 *  perf_duty_turn, so that a window has one share from its start to its end. */
bool perf_duty_before_window(const struct perf_duty *d, uint64_t now_ns);
/** To be called with what the node did since the last call. Lowers the share if
 *  the events cost too much. */
void perf_duty_saw(struct perf_duty *d, const struct perf_duty_load *load);
/** Ends a window or a pause that is over.
 *  @return has `armed` changed? */
bool perf_duty_turn(struct perf_duty *d, uint64_t now_ns);
/** What the events cost so far, as a share of the CPU time that the node would
 *  have used without them. */
double perf_duty_cost(const struct perf_duty *d);
/** The part of it that they cost while they were not armed. */
double perf_duty_paused_cost(const struct perf_duty *d);

#endif
