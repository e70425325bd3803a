/**
 * @file wait_taken.h
 * Which waits become samples, and what these stand for. The BPF program decides
 * it for waits that have ended, engine_block.c for those that have not ended
 * yet.
 */
#ifndef CPROF_ENGINE_BPF_WAIT_TAKEN_H
#define CPROF_ENGINE_BPF_WAIT_TAKEN_H

#include "engine/bpf/record.h"

/**
 * A wait of at least `period` nanoseconds (less than 2^32) is taken. A shorter
 * one is taken with the probability ns / period, and then stands for a whole
 * period, so that sums are unbiased.
 * @param wait    `ns` is set; `times` gets how many waits it stands for
 * @param chance, round  two independent random numbers
 * @param stands_for_ns  gets the time that it stands for
 * @return 1, or 0 if it is not taken
 */
static inline __attribute__((always_inline)) int
wait_taken(struct bpf_wait *wait, __u64 period, __u32 chance, __u32 round,
           __u64 *stands_for_ns)
{
    __u64 ns = wait->ns;
    wait->times = 1;
    *stands_for_ns = ns;
    if (ns >= period)
        return 1;
    if (ns == 0 || (chance * period) >> 32 >= ns)
        return 0;
    /* period / ns times; the fraction is rounded up with its probability. */
    wait->times = (__u32)(period / ns);
    wait->times += (round * ns) >> 32 < period % ns;
    *stands_for_ns = period;
    return 1;
}

/** Leaves out the last after_ns of a wait: they are after the end of the
 *  recording. If the thread could run but had no CPU, that was at its end. */
static inline void wait_taken_cut(struct bpf_wait *wait, __u64 after_ns)
{
    wait->ready_ns -= after_ns < wait->ready_ns ? after_ns : wait->ready_ns;
    wait->ns -= after_ns < wait->ns ? after_ns : wait->ns;
}

#endif
