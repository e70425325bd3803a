/**
 * @file lineless.h
 * The stacks of a profile by function: those that differ only in lines are
 * one. What they are called is not looked at: two functions of one name that
 * are of different kinds or files stay two.
 */
#ifndef CPROF_FORMATS_LINELESS_H
#define CPROF_FORMATS_LINELESS_H

#include "base/err.h"
#include "profile/profile.h"
#include "profile/tree.h"

struct lineless {
    struct profile *plain; /**< functions, frames and stacks, no rows; its
                                frames are its functions, by the same ids */
    uint32_t *stack;       /**< by stack of the original: its stack in plain */
    uint32_t *function;    /**< by function of plain: the original's */
    struct tree tree;      /**< of plain */
    uint32_t *place; /**< by stack of plain: from 0, parents before children
                          and what they call together */
};

MUST_USE int lineless_make(const struct profile *p, struct lineless *out);
void lineless_deinit(struct lineless *l);

#endif
