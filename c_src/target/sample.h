/**
 * @file sample.h
 * One sample: a thread's registers and copied stack bytes at one instant. It is
 * a value; its pointers are borrowed from the engine and valid only during the
 * callback that receives it. The engines `bpf` and `ptrace` copy everything at
 * the instant of the sample (`exact`); `perf` copies the registers and the
 * stack that rsp points to.
 *
 * What a sample is of, and so what it counts, differs by event (`of`). A sample
 * of the event wall is not of a thread, but of an Erlang process, whether it
 * runs or not.
 */
#ifndef CPROF_TARGET_SAMPLE_H
#define CPROF_TARGET_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/procstate.h"
#include "target/regs.h"

/** Bytes copied from [addr, addr + len) of the node at the instant. */
struct sample_copy {
    uint64_t addr;
    const uint8_t *bytes;
    size_t len;
};

/** What the VM's memory said at that instant about the Erlang process that the
 *  thread ran; all 0 when it ran none, or the engine cannot know. */
struct sample_process {
    uint64_t c_p;              /**< address of struct Process */
    uint64_t id;               /**< its pid term */
    uint64_t stop, htop, hend; /**< bounds of its stack; inconsistent while a
                                    garbage collection swaps the heaps */
    uint64_t initial[3];       /**< module atom, function atom, arity */
    uint64_t name;             /**< atom; 0: not registered */
    uint64_t continuation;     /**< Process.i: where it continues, if it is not
                                    running JIT code now */
    uint64_t current; /**< what should be Process.current: address of the
                           ErtsCodeMFA of the NIF that it runs, or an old value.
                           The reader must check what it points to */
};

/** ErtsSchedulerSleepInfo.flags (erl_process.h). */
enum sample_sleep {
    SAMPLE_POLLS = 2,  /**< it waits for I/O events, in check_io */
    SAMPLE_SLEEPS = 4, /**< it sleeps until another thread wakes it */
    SAMPLE_WAITS = 8,  /**< it has no work; without one of the flags above it
                            spins, looking for work */
};

/** What a scheduler's own data said at that instant, while it ran no process;
 *  all 0 where the engine cannot know. */
struct sample_scheduler {
    uint64_t port; /**< address of the Port whose task it ran; 0: none */
    uint64_t port_id, port_owner; /**< terms; 0: not known */
    uint64_t port_driver;         /**< address of erts_driver_t; 0: not known */
    uint32_t sleep;               /**< enum sample_sleep, and other bits */
    bool has_sleep;               /**< is sleep known? */
};

/** The newest entry of the JIT's code list (jit.h) at that instant, which
 *  identifies the code that was loaded. */
struct sample_code {
    uint64_t entry;   /**< its address; 0: not known */
    uint64_t link[4]; /**< its content: next, prev, symfile, size */
};

enum { SAMPLE_MAX_KERNEL_FRAMES = 64 };

/** What a sample of a process says, besides `process`, and its stack in
 * `erlang` and `erlang_root`. It has no stack if the process ran, was collected
 * or exited, or if its stack changed whenever it was read. */
struct sample_at_rest {
    enum procstate state;
    bool has_name;  /**< it is registered; the name is not in the sample */
    bool has_timer; /**< its receive has a time limit; false if not known */
    uint32_t tick;  /**< at which reading of the processes it was taken */
};

/** What a sample is of. */
enum sample_of {
    SAMPLE_CPU,     /**< a thread that was on a CPU */
    SAMPLE_PROCESS, /**< an Erlang process: see `at_rest` */
    SAMPLE_ALLOC,   /**< a thread that begins to collect its process, because
                         the heap had no room for what it allocates */
    SAMPLE_BLOCK,   /**< a thread that was off the CPU while it ran a process */
    SAMPLE_COLLECTION, /**< the process whose heap is collected: see
                            `collection`. Its stack is of use only to know who
                            the process is */
};

/** What the beginning of a collection says about the heap of its process. The
 *  first four are of all collections that the sample stands for. */
struct sample_collection {
    uint64_t filled;   /**< bytes that were new on the heap */
    uint64_t times;    /**< how many collections; 0: the process goes on until
                            a dirty scheduler collects its heap */
    uint64_t minor;    /**< of these: the collection before was a minor one, */
    uint64_t survived; /**< and kept so many bytes of what was new then */
    uint64_t size;     /**< bytes of its heap now; 0: not known */
};

/** Of SAMPLE_BLOCK: why the thread was off the CPU. */
enum sample_away {
    SAMPLE_WAITED, /**< it waited for something; system_call says for what */
    SAMPLE_NO_CPU, /**< it could run, but other threads had the CPUs */
};

struct sample {
    enum sample_of of;
    uint64_t time_ns;   /**< CLOCK_MONOTONIC */
    uint64_t period_ns; /**< time it stands for: CPU time, process time, or time
                             off the CPU */
    uint64_t heap_bytes;   /**< SAMPLE_ALLOC: allocated on heaps, */
    uint64_t binary_bytes; /**< and as binaries outside of heaps */
    enum sample_away away; /**< SAMPLE_BLOCK: why, */
    uint64_t away_ns;      /**< and for how long: the time of one wait, while
                                the sample may stand for several */
    uint32_t weight;       /**< how often it counts; 0 means once. SAMPLE_BLOCK:
                                how many waits it stands for; 0: it is a part
                                of one that another sample stands for */
    bool again;    /**< SAMPLE_ALLOC: more bytes of a sample that was handed out
                        before, not another one */
    pid_t tid;     /**< 0: its id in our pid namespace is not known */
    char comm[16]; /**< the thread's name at the instant; "": not read */
    bool in_kernel;   /**< the CPU was in the kernel on the thread's behalf */
    bool has_regs;    /**< false: no user registers (kernel-side only) */
    bool stack_full;  /**< `stack` is as long as the engine copies */
    bool exact;       /**< everything was copied at the instant of the sample;
                           what is missing must not be read later */
    bool has_current; /**< exact samples of schedulers: the engine already knew
                           where the scheduler keeps its current process, and
                           could copy it. Then process.c_p == 0 means that it
                           ran none. If false, that is unknown (start of a
                           recording) */
    struct regs regs; /**< user registers */
    uint32_t lost_regs; /**< one bit for each register that is not known; then
                             it is 0. Only samples of threads that do not run
                             lack any */
    struct sample_copy stack;  /**< from regs.sp upwards */
    struct sample_copy seam;   /**< around the runtime stack RS: the words
                                    between C code and JIT code; len 0: none,
                                    or part of `stack` */
    struct sample_copy erlang; /**< the Erlang stack from a little below the
                                    process's stop upwards; len 0: none, or
                                    part of `stack` */
    struct sample_copy erlang_root; /**< the end of the Erlang stack, if
                                         `erlang` does not reach it; what lies
                                         between them was not copied */
    struct sample_process process;
    struct sample_at_rest at_rest;
    struct sample_collection collection;
    struct sample_scheduler scheduler;
    int64_t system_call; /**< number of the system call that the thread was in;
                              -1: none, or not known */
    struct sample_code code;
    const uint64_t *kernel_ips; /**< leaf first */
    size_t kernel_count;
};

#endif
