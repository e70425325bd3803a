/**
 * @file sample.h
 * One sample: a thread's registers and copied stack bytes at one instant. A
 * value; its pointers are borrowed from the engine and valid only during the
 * callback that hands it out. An engine copies what it can (`bpf`: all of it,
 * at the instant; `perf`: registers and the stack that rsp points to).
 */
#ifndef CPROF_TARGET_SAMPLE_H
#define CPROF_TARGET_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/regs.h"

/** Bytes copied from [addr, addr + len) of the node at the instant. */
struct sample_copy {
    uint64_t addr;
    const uint8_t *bytes;
    size_t len;
};

enum { SAMPLE_MAX_KERNEL_FRAMES = 64 };

struct sample {
    uint64_t time_ns;   /**< CLOCK_MONOTONIC */
    uint64_t period_ns; /**< CPU time it stands for */
    pid_t tid;
    bool in_kernel;   /**< the CPU was in the kernel on the thread's behalf */
    bool has_regs;    /**< false: no user registers (kernel-side only) */
    struct regs regs; /**< user registers */
    struct sample_copy stack;  /**< from regs.sp upwards */
    struct sample_copy erlang; /**< the Erlang stack, when the engine could
                                    copy it at the instant; else len 0 */
    uint64_t c_p; /**< current process, when the engine knows it; else 0 */
    const uint64_t *kernel_ips; /**< leaf first */
    size_t kernel_count;
};

#endif
