/**
 * @file clock.h
 * Time in the program is CLOCK_MONOTONIC in nanoseconds, the clock that the
 * engines stamp their samples with.
 */
#ifndef CPROF_BASE_CLOCK_H
#define CPROF_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_S  1000000000ull
#define NS_PER_MS 1000000ull

uint64_t clock_now_ns(void);
/** Sleeps until that time, or until a signal comes. */
void clock_wait_until(uint64_t ns);
/** The time of another clock in nanoseconds; 0 where there is none. */
uint64_t clock_ns_of(clockid_t id);

#endif
