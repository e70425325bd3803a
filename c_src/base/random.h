/**
 * @file random.h
 * Random numbers for choosing sampling times and periods: fast, and not secret.
 */
#ifndef CPROF_BASE_RANDOM_H
#define CPROF_BASE_RANDOM_H

#include <stdint.h>

/** The next number of a sequence (xorshift64*, Marsaglia and Vigna). Any value
 *  may seed the state; 0 acts as 1. */
static inline uint64_t random_next(uint64_t *state)
{
    uint64_t x = *state ? *state : 1;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 2685821657736338717ull;
}

/** The next number as a fraction: from 0 to below 1, in steps of 2^-53. */
static inline double random_unit(uint64_t *state)
{
    return (double)(random_next(state) >> 11) / (double)(1ULL << 53);
}

#endif
