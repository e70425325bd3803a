/**
 * @file tally.h
 * Counts samples by function from samples by stack, in the three measures of
 * diff.h: self, own, total. What depends only on the stacks is computed once
 * (struct tally_shape); then each count is one pass over them.
 */
#ifndef CPROF_PROFILE_TALLY_H
#define CPROF_PROFILE_TALLY_H

#include "base/err.h"
#include "profile/profile.h"

/** Arrays by stack. */
struct tally_shape {
    size_t stacks, functions;
    uint32_t *parent;
    uint32_t *function; /**< of its innermost frame */
    uint32_t *charged;  /**< the function to charge, see breakdown.h */
    uint8_t *outermost; /**< none of its callers is the same function */
};

/** Arrays by function. */
struct tally {
    uint64_t *self, *own, *total;
};

/** Both return 0 or -ENOMEM; the deinit must be called in either case. A shape
 *  borrows nothing from p. */
MUST_USE int tally_shape_init(struct tally_shape *s, const struct profile *p);
void tally_shape_deinit(struct tally_shape *s);
MUST_USE int tally_init(struct tally *t, const struct tally_shape *s);
void tally_deinit(struct tally *t);
/**
 * Adds samples to t. 0, or -ENOMEM, and then t is unchanged.
 * @param by_stack  samples with exactly that stack
 * @param without   by function: leave out samples charged to it; or NULL
 */
MUST_USE int tally_count(struct tally *t, const struct tally_shape *s,
                         const uint64_t *by_stack, const bool *without);

#endif
