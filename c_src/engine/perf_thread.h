/**
 * @file perf_thread.h
 * One sampled thread of the node: its event, its ring, and the length of its
 * stack copies.
 */
#ifndef CPROF_ENGINE_PERF_THREAD_H
#define CPROF_ENGINE_PERF_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "engine/perf_event.h"
#include "engine/perf_jitter.h"
#include "engine/perf_records.h"
#include "target/threads.h"

enum { PERF_THREAD_MIN_RING = 16384 };

/** What the kernel counted for a thread. */
struct perf_load {
    bool known;
    uint64_t runs;    /**< times that it came onto a CPU */
    uint64_t cpu_ns;  /**< its CPU time */
    uint64_t user_ns; /**< the part of it outside the kernel, if asked for */
};

struct perf_thread {
    pid_t tid;
    enum thread_kind kind;
    int fd; /**< -1: closed */
    struct perf_event_ring ring;
    struct perf_event_setup setup;
    struct perf_jitter jitter;
    unsigned recent, recent_short;
    struct perf_load load; /**< in its life, at the last perf_load_since */
    bool over;             /**< the thread has ended, or its event is lost */
    uint64_t lost_before;  /* records lost by earlier events of the thread */
    uint64_t lost_told;    /* records lost, by the records of this event */
};

/**
 * Opens the event (disabled) and its ring. The stack copies are short at first,
 * and never longer than a quarter of the ring.
 * @param setup  with the nominal period; stack_bytes is ignored
 * @return 0; -E_MEMLOCK when no memory can be locked for the ring; or -errno
 */
MUST_USE int perf_thread_open(struct perf_thread *t, const struct thread *of,
                              const struct perf_event_setup *setup,
                              size_t ring_bytes);
void perf_thread_close(struct perf_thread *t);
/** A cursor over the present content of the ring. */
struct perf_records perf_thread_records(const struct perf_thread *t,
                                        uint8_t *scratch);
/** Counts one sample; too_short: its stack copy should have been longer. */
void perf_thread_saw(struct perf_thread *t, bool too_short);

/** Counts the lost records that a record reported. */
void perf_thread_told_lost(struct perf_thread *t, uint64_t count);
/**
 * The number of records so far that did not fit into the ring, by the kernel's
 * own count. Before Linux 6.0 the kernel only reports them, in a record of the
 * ring, when there is room again.
 */
uint64_t perf_thread_lost(const struct perf_thread *t);

/** Are more than 1 % of the recent copies too short, and can they be longer? */
bool perf_thread_wants_growth(const struct perf_thread *t);
/**
 * Reopens the event with stack copies of twice the length. The ring must be
 * drained. Samples of the microseconds in between are lost. If the event cannot
 * be opened again, the thread is `over`.
 * @return 0 or a negative error
 */
MUST_USE int perf_thread_grow(struct perf_thread *t);

#endif
