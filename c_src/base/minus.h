/**
 * @file minus.h
 * Saturating differences of figures that were read at different moments, or
 * come from elsewhere: 0 where they would be negative.
 */
#ifndef CPROF_BASE_MINUS_H
#define CPROF_BASE_MINUS_H

#include <stdint.h>

static inline uint64_t minus_capped(uint64_t from, uint64_t value)
{
    return from > value ? from - value : 0;
}

#endif
