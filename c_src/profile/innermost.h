/**
 * @file innermost.h
 * Finds the innermost function of a certain kind in each stack, for example the
 * innermost Erlang function, below which there is only C code.
 */
#ifndef CPROF_PROFILE_INNERMOST_H
#define CPROF_PROFILE_INNERMOST_H

#include "profile/profile.h"

/** The function of a stack's innermost frame. */
static inline uint32_t innermost_frame(const struct profile *p, uint32_t stack)
{
    return profile_frame_at(p, profile_stack_at(p, stack)->frame)->function;
}

/**
 * @param fits  by function: is it of that kind?
 * @return by stack: the function, or PROFILE_NONE if none fits; the caller
 *         frees it. NULL: not enough memory
 */
uint32_t *innermost_find(const struct profile *p, const bool *fits);

#endif
