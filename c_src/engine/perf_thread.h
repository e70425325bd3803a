/**
 * @file perf_thread.h
 * One sampled thread of the node: its event, its ring, how much of its stack
 * is copied.
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
#include "engine/schedstat.h"
#include "target/threads.h"

enum { PERF_THREAD_MIN_RING = 16384 };

struct perf_thread {
    pid_t tid;
    enum thread_kind kind;
    int fd; /**< -1: closed */
    struct perf_event_ring ring;
    struct perf_event_setup setup;
    struct perf_jitter jitter;
    unsigned recent, recent_short;
    struct schedstat seen; /**< of the thread, when its load was read last */
    bool over;             /**< the thread has ended, or its event is lost */
    uint64_t lost_before;  /* by events that it had before this one */
    uint64_t lost_told;    /* by records of this one */
};

/**
 * Opens the event (disabled) and its ring. The stack copy starts small and
 * never takes more than a quarter of the ring.
 * @param setup  its period is the nominal one; stack_bytes is not looked at
 * @return 0 or -errno; -EPERM or -ENOMEM from the ring only, as -E_MEMLOCK
 */
MUST_USE int perf_thread_open(struct perf_thread *t, const struct thread *of,
                              const struct perf_event_setup *setup,
                              size_t ring_bytes);
void perf_thread_close(struct perf_thread *t);
/** A cursor over what is in the ring now. */
struct perf_records perf_thread_records(const struct perf_thread *t,
                                        uint8_t *scratch);
/** Notes one sample; too_short: its stack copy should have been longer. */
void perf_thread_saw(struct perf_thread *t, bool too_short);

/** A record said that this many more did not fit into the ring. */
void perf_thread_told_lost(struct perf_thread *t, uint64_t count);
/**
 * How many records of it did not fit so far, as the kernel counts them. Before
 * Linux 6.0 it only told of them, and only with the next one that did fit.
 */
uint64_t perf_thread_lost(const struct perf_thread *t);

/** Are more than 1 % of the recent copies too short, and may they grow? */
bool perf_thread_wants_growth(const struct perf_thread *t);
/**
 * Reopens the event with twice the stack copy. The ring must be drained; what
 * comes in meanwhile is lost (some microseconds). A thread whose event cannot
 * be opened again is over.
 * @return 0 or a negative error
 */
MUST_USE int perf_thread_grow(struct perf_thread *t);

#endif
