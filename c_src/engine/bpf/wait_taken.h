/**
 * @file wait_taken.h
 * Which waits become samples, and what these stand for. The BPF program decides
 * it for waits that have ended, and our side for those that have not, so both
 * share this file.
 */
#ifndef CPROF_ENGINE_BPF_WAIT_TAKEN_H
#define CPROF_ENGINE_BPF_WAIT_TAKEN_H

#include "engine/bpf/record.h"

/**
 * A wait of at least `period` nanoseconds is taken, a shorter one with a
 * probability that follows its length; then it stands for the whole period, so
 * sums are unbiased.
 * @param wait    ns is set; gets `times`
 * @param chance, round  random numbers
 * @param stands_for_ns  the time that the sample stands for
 * @return 0: it is not taken
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

#endif
