/**
 * @file add.h
 * Sums of what others counted: they stop at the end of their type, and do not
 * begin anew.
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
