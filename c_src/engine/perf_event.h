/**
 * @file perf_event.h
 * The thin layer over perf_event_open(2): one event on one thread or on one
 * CPU, and the ring that it writes to.
 */
#ifndef CPROF_ENGINE_PERF_EVENT_H
#define CPROF_ENGINE_PERF_EVENT_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "engine/engine.h"

struct perf_event_setup {
    enum engine_event event;
    uint64_t period_ns;   /**< CPU time between samples (cpu-clock) */
    unsigned rate;        /**< samples per second (cycles) */
    uint64_t cycles;      /**< cycles between samples; 0: by `rate` */
    unsigned stack_bytes; /**< copied of the user stack, a multiple of 8 */
    bool kernel;          /**< also sample while the thread is in the kernel */
    bool callchain;       /**< kernel call chain, needs `kernel` */
    bool bare; /**< no record is written: a BPF program takes the sample */
};

/* A record has at most 65535 bytes. This much stack always fits, with 17
 * registers, a chain of SAMPLE_MAX_KERNEL_FRAMES and the fixed fields. */
enum { PERF_EVENT_MAX_STACK = 64512 };

/** Translates the -errno with which the kernel refused an event into an error
 *  of base/err.h, if there is a better one. */
int perf_event_error(int error);

/** CPUs on which no event could be opened. */
struct perf_event_skipped {
    size_t cpus;
    int why; /**< the -errno of the first of these */
};

/** Counts a CPU if the event could not be opened there. -ENODEV does not count:
 *  the CPU just went offline.
 *  @param error  0 or -errno */
void perf_event_skip(struct perf_event_skipped *skipped, int error);

/** Opens a disabled event on a thread.
 *  @return a descriptor, or -errno */
MUST_USE int perf_event_open(pid_t tid, const struct perf_event_setup *setup);
/** The same on a CPU, for everything that runs there. The timer of a cpu-clock
 *  also wakes an idle CPU; exclude_idle would not prevent that, but only drop
 *  the sample. */
MUST_USE int perf_event_open_cpu(int cpu, const struct perf_event_setup *setup);
/** Opens an event on a CPU that only BPF programs write to. Each time, the
 *  kernel interrupts the CPU in order to wake up readers. It has a ring that
 *  nobody needs to read: old records are overwritten. */
MUST_USE int perf_event_open_output(int cpu);
/** Runs a loaded BPF program at every sample from now on. */
MUST_USE int perf_event_set_program(int fd, int program);
/** What the event has counted so far: nanoseconds (cpu-clock), or cycles. */
MUST_USE int perf_event_count(int fd, uint64_t *count);
/** The number of records that the kernel has dropped so far because the ring
 *  was full; -ENOTSUP before Linux 6.0. */
MUST_USE int perf_event_lost(int fd, uint64_t *lost);
/** Measures the cycles per second of work on this CPU. */
MUST_USE int perf_event_cycle_rate(uint64_t *per_s);
int perf_event_enable(int fd);
int perf_event_disable(int fd);
/**
 * Changes the period. The kernel restarts the current period, so the CPU time
 * since the last sample is lost. Best called right after a sample.
 */
int perf_event_set_period(int fd, uint64_t period_ns);

/** The kernel's ring of one event; page is NULL when it is not mapped. */
struct perf_event_ring {
    struct perf_event_mmap_page *page;
    uint8_t *bytes;
    size_t size; /**< bytes, a power of two */
};

/** @param size  in bytes: a power of two times the page size
 *  @return 0, -EPERM when no more memory may be locked, or another -errno */
MUST_USE int perf_event_map(int fd, size_t size, struct perf_event_ring *out);
/** The same, but read only: the kernel overwrites old records. */
MUST_USE int perf_event_map_over(int fd, size_t size,
                                 struct perf_event_ring *out);
void perf_event_unmap(struct perf_event_ring *ring);
/** The position up to which the kernel has written; everything before it can be
 *  read. */
uint64_t perf_event_head(const struct perf_event_ring *ring);
/** The position from which on nothing was released yet. */
uint64_t perf_event_tail(const struct perf_event_ring *ring);
/** Returns everything before tail to the kernel. */
void perf_event_release(struct perf_event_ring *ring, uint64_t tail);

#endif
