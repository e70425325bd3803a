/**
 * @file perf_weights.h
 * Decides how much CPU time a sample stands for, when the events on threads are
 * armed for only a part of the time. Pure.
 *
 * If that part is 1/10, a sample would stand for 10 periods if the node used as
 * much CPU time while the events were armed as while they were not. But armed
 * events make every switch of threads slower, reading samples takes CPU time
 * from the node, and windows may end late. So what the samples of each kind of
 * thread stand for is compared with the CPU time that the kernel counted for
 * these threads, and later samples count more or less until both agree:
 *
 *      period / share of armed time * factor of the kind of thread
 *
 * The factor follows from all that happened so far. If it made every window
 * stand for the pause beside it, then work that comes in phases, in which the
 * node uses much or little CPU time, would get wrong shares.
 */
#ifndef CPROF_ENGINE_PERF_WEIGHTS_H
#define CPROF_ENGINE_PERF_WEIGHTS_H

#include <stdint.h>

#include "target/threads.h"

/** A sample stands for at most this many times its period / share. */
enum { PERF_WEIGHTS_MOST = 10 };

/** What is known of a kind of thread, in ns of CPU time. */
struct perf_weights_kind {
    double used_ns;  /**< according to the kernel */
    double new_ns;   /**< the part since perf_weights_looked */
    double rate;     /**< CPU time per time, lately */
    double plain_ns; /**< sum of period / share of its samples, also lost */
    double given_ns; /**< what its samples stand for, with those lost */
    double carry;    /**< what the counts of its samples lack, in samples */
    double owed_ns;  /**< CPU time of samples that were left out; the next one
                          stands for it */
};

struct perf_weights {
    struct perf_weights_kind kinds[THREAD_OTHER + 1];
    double share;       /**< of armed time, when the last window began */
    double period_ns;   /**< nominal */
    double unit_ns;     /**< CPU time for which a sample counts once */
    uint64_t looked_ns; /**< when used_ns was read; 0: not yet */
    uint64_t begun_ns;
};

/** What a sample stands for. `count` follows `ns` as well as a whole number
 *  can; 0: the sample is to be left out, and the next one stands for its CPU
 *  time. */
struct perf_weight {
    uint64_t ns;
    uint32_t count;
};

/** @param period_ns  the nominal period
 *  @param share      of armed time at first */
void perf_weights_begin(struct perf_weights *w, uint64_t period_ns,
                        double share, uint64_t now_ns);
/** A window begins, in a time with this share of armed time. */
void perf_weights_window(struct perf_weights *w, double share);
/** Threads of that kind used this CPU time since the last call, of the kind of
 *  CPU time that is sampled. To be called for all threads at once, when windows
 *  and pauses so far are in proportion: before a window, not behind it. Then
 *  perf_weights_looked. */
void perf_weights_used(struct perf_weights *w, enum thread_kind kind,
                       uint64_t ns);
void perf_weights_looked(struct perf_weights *w, uint64_t now_ns);
/** What a sample of a thread of that kind stands for.
 *  @param time_ns  when it was taken */
struct perf_weight perf_weights_of(struct perf_weights *w,
                                   enum thread_kind kind, uint64_t period_ns,
                                   uint64_t time_ns);
/** `count` samples of that kind were taken but lost. Where there are no pauses,
 *  the others do not stand for their CPU time, which may be that of one long
 *  gap. Elsewhere, it is as if the window had been shorter. */
void perf_weights_lost(struct perf_weights *w, enum thread_kind kind,
                       uint64_t count, uint64_t now_ns);
/** CPU time of kinds of thread that have no samples, or so few that they would
 *  have to count more than PERF_WEIGHTS_MOST times. */
uint64_t perf_weights_left(const struct perf_weights *w);

#endif
