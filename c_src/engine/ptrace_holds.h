/**
 * @file ptrace_holds.h
 * How long threads were held: a histogram of fixed size. The width of each
 * bucket is an eighth of its times, so a percentile is at most 12.5 % too high,
 * and never too low.
 */
#ifndef CPROF_ENGINE_PTRACE_HOLDS_H
#define CPROF_ENGINE_PTRACE_HOLDS_H

#include <stdint.h>

enum { PTRACE_HOLDS_BUCKETS = 62 * 8 };

struct ptrace_holds {
    uint64_t count, max_ns;
    uint32_t buckets[PTRACE_HOLDS_BUCKETS];
};

void ptrace_holds_add(struct ptrace_holds *h, uint64_t ns);
/** The time that at least per_mille / 1000 of the holds did not exceed; 0 when
 *  there are none. */
uint64_t ptrace_holds_at(const struct ptrace_holds *h, unsigned per_mille);

#endif
