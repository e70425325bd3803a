/**
 * @file perf_regs.h
 * The user registers that the kernel is asked for, and the order in which it
 * writes them.
 */
#ifndef CPROF_ENGINE_PERF_REGS_H
#define CPROF_ENGINE_PERF_REGS_H

#include <stdint.h>

#include "target/regs.h"

/** perf_event_attr.sample_regs_user: as many bits as REGS_COUNT. */
extern const uint64_t perf_regs_mask;
/** perf_regs_order[i] is the register of the i-th value. */
extern const enum reg perf_regs_order[REGS_COUNT];

#endif
