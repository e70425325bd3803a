/**
 * @file sample.h
 * One sample: a thread's registers and copied stack bytes at one instant. A
 * value; its pointers are borrowed from the engine and valid only during the
 * callback that hands it out. An engine copies what it can: `bpf` and `ptrace`
 * all of it at the instant (`exact`), `perf` the registers and the stack that
 * rsp points to.
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

/** What the VM's own memory said at the instant about the Erlang process that
 *  the thread ran; all 0 when it ran none, or the engine cannot know. */
struct sample_process {
    uint64_t c_p;              /**< address of struct Process */
    uint64_t id;               /**< its pid term */
    uint64_t stop, htop, hend; /**< bounds of its stack; while a collection
                                    swaps heaps they do not fit together */
    uint64_t initial[3];       /**< module atom, function atom, arity */
    uint64_t name;             /**< atom; 0: not registered */
    uint64_t continuation;     /**< Process.i: where it goes on when it does not
                                    run JIT code at the moment */
};

/** ErtsSchedulerSleepInfo.flags (erl_process.h). */
enum sample_sleep {
    SAMPLE_POLLS = 2,  /**< it waits for the system, in check_io */
    SAMPLE_SLEEPS = 4, /**< it waits for another thread */
    SAMPLE_WAITS = 8,  /**< it has nothing to do; without either it looks for
                            work again and again */
};

/** What a scheduler's own data said at the instant, while it ran no process;
 *  all 0 where the engine cannot know. */
struct sample_scheduler {
    uint64_t port; /**< address of the Port whose task it ran; 0: none */
    uint64_t port_id, port_owner; /**< terms; 0: not known */
    uint64_t port_driver;         /**< address of erts_driver_t; 0: not known */
    uint32_t sleep; /**< enum sample_sleep, and bits unused here */
    bool has_sleep; /**< is sleep known? */
};

/** The newest entry of the JIT's code list (jit.h) at the instant: which code
 *  was there. entry 0: not known. */
struct sample_code {
    uint64_t entry;   /**< its address */
    uint64_t link[4]; /**< its content: next, prev, symfile, size */
};

enum { SAMPLE_MAX_KERNEL_FRAMES = 64 };

struct sample {
    uint64_t time_ns;   /**< CLOCK_MONOTONIC */
    uint64_t period_ns; /**< CPU time it stands for */
    uint32_t weight;    /**< how often it counts; 0 means once */
    pid_t tid;          /**< 0: an id in the node's pid namespace only */
    char comm[16];      /**< the thread's name at the instant; "": not read */
    bool in_kernel;     /**< the CPU was in the kernel on the thread's behalf */
    bool has_regs;      /**< false: no user registers (kernel-side only) */
    bool stack_full;    /**< `stack` is as long as the engine copies */
    bool exact;       /**< all copies are of the instant; what they do not hold
                           must not be read later */
    bool has_current; /**< exact, of a scheduler: the engine knew by then where
                           it has its current process. Without one at
                           process.c_p it then ran none; else that is not
                           known, as in the first moments of a recording */
    struct regs regs; /**< user registers */
    struct sample_copy stack;  /**< from regs.sp upwards */
    struct sample_copy seam;   /**< around the runtime stack RS: the words
                                    between C code and JIT code; len 0: in
                                    `stack`, or none */
    struct sample_copy erlang; /**< the Erlang stack from a little below the
                                    process's stop upwards; len 0: none, or in
                                    `stack` */
    struct sample_copy erlang_root; /**< its end, when `erlang` ends before it:
                                         what lies between was not copied */
    struct sample_process process;
    struct sample_scheduler scheduler;
    int64_t system_call; /**< number of the one that the thread was in; -1:
                              none, or not known */
    struct sample_code code;
    const uint64_t *kernel_ips; /**< leaf first */
    size_t kernel_count;
};

#endif
