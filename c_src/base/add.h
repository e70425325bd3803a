/**
 * @file add.h
 * Saturating sums of counts that come from elsewhere: a sum stays at the
 * largest value of its type instead of wrapping around.
 */
#ifndef CPROF_BASE_ADD_H
#define CPROF_BASE_ADD_H

#include <stdint.h>

static inline void add_capped(uint64_t *sum, uint64_t value)
{
    if (__builtin_add_overflow(*sum, value, sum))
        *sum = UINT64_MAX;
}

#endif
