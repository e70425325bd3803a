/**
 * @file lineless.h
 * The stacks of a profile by function: stacks that differ only in lines become
 * one. Functions are not joined by name: two functions with the same name but
 * different kinds or files remain two.
 */
#ifndef CPROF_FORMATS_LINELESS_H
#define CPROF_FORMATS_LINELESS_H

#include "base/err.h"
#include "profile/profile.h"
#include "profile/tree.h"

struct lineless {
    struct profile *plain; /**< functions, frames and stacks, but no rows; each
                                function has one frame with the same id */
    uint32_t *stack;       /**< by stack of the original: its stack in plain */
    uint32_t *function;    /**< by function of plain: that of the original */
    struct tree tree;      /**< of plain */
    uint32_t *place;       /**< by stack of plain: its place, from 0, in a walk
                                through the tree, parents first */
};

MUST_USE int lineless_make(const struct profile *p, struct lineless *out);
void lineless_deinit(struct lineless *l);

#endif
