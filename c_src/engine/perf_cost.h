/**
 * @file perf_cost.h
 * What an event costs its thread, measured on threads of our own.
 * The kernel programs a timer whenever a thread with an event on its CPU clock
 * comes onto a CPU, and cancels it when the thread leaves (kernel/events/
 * core.c, cpu_clock_event_add): in a virtual machine that is an exit to the
 * hypervisor. On threads that switch often it costs far more than the samples.
 */
#ifndef CPROF_ENGINE_PERF_COST_H
#define CPROF_ENGINE_PERF_COST_H

#include "engine/perf_event.h"

struct perf_cost {
    double armed_ns;  /**< per time that a thread with the event comes onto a
                           CPU */
    double idle_ns;   /**< the same while the event is disabled */
    double sample_ns; /**< per sample */
};

/**
 * Takes about 0.2 s, or a second on a busy machine, and uses most of that as
 * CPU time.
 * @param setup  of the events that will be opened
 * @return 0 or a negative error
 */
MUST_USE int perf_cost_measure(const struct perf_event_setup *setup,
                               struct perf_cost *out);

#endif
