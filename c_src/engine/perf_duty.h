/**
 * @file perf_duty.h
 * For how much of the time events on threads are armed, so that what they cost
 * the node stays below a bound. Pure: time and load are passed in.
 *
 * Windows in which the events are armed alternate with pauses, both of random
 * length, so that nothing periodic is missed, or hit, every time. The share of
 * armed time only ever halves: a sample that is taken later then counts
 * twice as often as one before, and the shares of functions stay right.
 */
#ifndef CPROF_ENGINE_PERF_DUTY_H
#define CPROF_ENGINE_PERF_DUTY_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/perf_cost.h"

/** What the node did in a span of time. */
struct perf_duty_load {
    uint64_t ns;     /**< length of the span */
    uint64_t runs;   /**< times that its threads came onto a CPU */
    uint64_t cpu_ns; /**< CPU time of its threads */
};

struct perf_duty {
    struct perf_cost cost;
    double bound;       /**< of the node's CPU time; 0: none */
    unsigned rate;      /**< samples per second of CPU time */
    double share;       /**< of the time in which events are armed, now */
    unsigned weight;    /**< how often a sample counts now */
    bool armed;         /**< are they armed now? */
    uint64_t edge_ns;   /**< when that changes; UINT64_MAX: never */
    double over_ns;     /**< armed time beyond the share */
    bool anew;          /**< over_ns is not of this share yet */
    uint64_t turned_ns; /**< when it changed last */
    uint64_t random;
    uint64_t lowered; /**< times that the share was halved while sampling */
    /** Sums since perf_duty_begin. */
    double cost_ns, paused_ns;
    struct perf_duty_load load;
};

/** Begins somewhere in a window or in a pause.
 *  @param before  the node's load without events */
void perf_duty_begin(struct perf_duty *d, const struct perf_cost *cost,
                     double bound, unsigned rate,
                     const struct perf_duty_load *before, uint64_t now_ns);
/** Takes in what the node did since the last call, with events as they were;
 *  lowers the share where they cost too much. */
void perf_duty_saw(struct perf_duty *d, const struct perf_duty_load *load);
/** @return true when armed has changed */
bool perf_duty_turn(struct perf_duty *d, uint64_t now_ns);
/** What the events cost so far, as a share of the CPU time that the node would
 *  have used without them. */
double perf_duty_cost(const struct perf_duty *d);
/** Of that, what they cost while they were not armed. */
double perf_duty_paused_cost(const struct perf_duty *d);

#endif
