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
    unsigned stack_bytes; /**< of user stack, a multiple of 8 */
    bool kernel;          /**< sample while the thread is in the kernel */
    bool callchain;       /**< kernel call chain, needs `kernel` */
    bool bare; /**< no record is written: a BPF program takes the sample */
};

/* A record is at most 65535 bytes: this much stack, 17 registers, a chain of
 * SAMPLE_MAX_KERNEL_FRAMES and the fixed fields always fit. */
enum { PERF_EVENT_MAX_STACK = 64512 };

/** What it means to whoever asked for an engine that the kernel refused an
 *  event with that -errno: an error of base/err.h, else the same. */
int perf_event_error(int error);
/** Opens a disabled event on a thread. @return a descriptor, or -errno. */
MUST_USE int perf_event_open(pid_t tid, const struct perf_event_setup *setup);
/** The same on a CPU, for whatever runs there. The timer of a cpu-clock also
 *  wakes an idle CPU: exclude_idle would only keep the sample from us. */
MUST_USE int perf_event_open_cpu(int cpu, const struct perf_event_setup *setup);
/** Runs a loaded BPF program at every sample from now on. */
MUST_USE int perf_event_set_program(int fd, int program);
/** What the event has counted so far: nanoseconds (cpu-clock), or cycles. */
MUST_USE int perf_event_count(int fd, uint64_t *count);
/** How many records the kernel could not write so far, as the ring was full;
 *  -ENOTSUP before Linux 6.0. */
MUST_USE int perf_event_lost(int fd, uint64_t *lost);
/** Cycles that a CPU makes in a second of work, as measured here and now. */
MUST_USE int perf_event_cycle_rate(uint64_t *per_s);
int perf_event_enable(int fd);
int perf_event_disable(int fd);
/**
 * Changes the period. The kernel restarts the running one, so the CPU time
 * since the last sample is forgotten: to be called right after a sample.
 */
int perf_event_set_period(int fd, uint64_t period_ns);

/** The kernel's ring of one event; page is NULL when it is not mapped. */
struct perf_event_ring {
    struct perf_event_mmap_page *page;
    uint8_t *bytes;
    size_t size; /**< bytes, a power of two */
};

/** @param size  a power of two of pages. @return 0, -EPERM when the locked
 *  memory is used up, or another -errno. */
MUST_USE int perf_event_map(int fd, size_t size, struct perf_event_ring *out);
void perf_event_unmap(struct perf_event_ring *ring);
/** Where the kernel's written bytes end; they are all visible. */
uint64_t perf_event_head(const struct perf_event_ring *ring);
uint64_t perf_event_tail(const struct perf_event_ring *ring);
/** Gives everything before tail back to the kernel. */
void perf_event_release(struct perf_event_ring *ring, uint64_t tail);

#endif
