/**
 * @file perf_regs.h
 * Which user registers the kernel is asked for, and the order they arrive in.
 */
#ifndef CPROF_ENGINE_PERF_REGS_H
#define CPROF_ENGINE_PERF_REGS_H

#include <stdint.h>

#include "target/regs.h"

/** perf_event_attr.sample_regs_user: as many bits as REGS_COUNT. */
extern const uint64_t perf_regs_mask;
/** perf_regs_order[i] is the register that arrives as the i-th value. */
extern const enum reg perf_regs_order[REGS_COUNT];

#endif
