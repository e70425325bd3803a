/**
 * @file utilization.h
 * How much of the time of its normal schedulers a node uses, seen from outside:
 * the time in which their threads were on a CPU or waited for one, as the
 * kernel counts it, without the part in which they looked for work or went to
 * sleep, as samples tell. This is what the VM's own figure means, too
 * (scheduler_wall_time).
 */
#ifndef CPROF_RECORDER_UTILIZATION_H
#define CPROF_RECORDER_UTILIZATION_H

#include "profile/profile.h"
#include "recorder/live_cpu.h"

/** In percent, of the last interval; NAN: not known.
 *  @param bucket  the samples of that interval */
double utilization_of(const struct live_cpu *cpu, const struct profile *p,
                      uint32_t bucket);

#endif
