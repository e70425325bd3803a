/**
 * @file longest.h
 * The few functions in which the most time was spent, the longest first.
 */
#ifndef CPROF_PROFILE_LONGEST_H
#define CPROF_PROFILE_LONGEST_H

#include <stdint.h>

struct longest {
    uint32_t function;
    uint64_t ns;
};

/** Adds a function to the list, if it is among the `room` longest.
 *  @param list   with room for that many
 *  @param count  of those in the list */
void longest_keep(struct longest *list, unsigned *count, unsigned room,
                  uint32_t function, uint64_t ns);

#endif
