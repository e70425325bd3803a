/**
 * @file tally.h
 * Samples by function, from samples by stack, in the three measures of
 * diff.h: self, own, total. What only depends on the stacks is found once
 * (struct tally_shape), then each count is one pass over them.
 */
#ifndef CPROF_PROFILE_TALLY_H
#define CPROF_PROFILE_TALLY_H

#include "base/err.h"
#include "profile/profile.h"

/** By stack. */
struct tally_shape {
    size_t stacks, functions;
    uint32_t *parent;
    uint32_t *function; /**< of its last frame */
    uint32_t *charged;  /**< the function to charge, see breakdown.h */
    uint8_t *outermost; /**< is its function nowhere above it? */
};

/** By function. */
struct tally {
    uint64_t *self, *own, *total;
};

/** Both: 0 or -ENOMEM; the deinit is to be called in any case. A shape holds
 *  nothing of p. */
MUST_USE int tally_shape_init(struct tally_shape *s, const struct profile *p);
void tally_shape_deinit(struct tally_shape *s);
MUST_USE int tally_init(struct tally *t, const struct tally_shape *s);
void tally_deinit(struct tally *t);
/**
 * Adds to what t has. 0, or -ENOMEM: t is as it was.
 * @param by_stack  samples that end there
 * @param without   by function: leave out what is charged to it; or NULL
 */
MUST_USE int tally_count(struct tally *t, const struct tally_shape *s,
                         const uint64_t *by_stack, const bool *without);

#endif
