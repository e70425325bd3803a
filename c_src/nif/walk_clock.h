/**
 * @file walk_clock.h
 * Wall and CPU time in ns.
 */
#ifndef CPROF_NIF_WALK_CLOCK_H
#define CPROF_NIF_WALK_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t walk_clock_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline uint64_t walk_clock_ns(void)
{
    return walk_clock_of(CLOCK_MONOTONIC);
}

static inline uint64_t walk_cpu_ns(void)
{
    return walk_clock_of(CLOCK_THREAD_CPUTIME_ID);
}

#endif
