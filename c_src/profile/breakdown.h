/**
 * @file breakdown.h
 * By function within a process, or within a group of processes. A sample is
 * charged to one function: the innermost that is Erlang's, Elixir's, a BIF, a
 * NIF or a garbage collection, with the C and kernel code that it called; the
 * executing one where there is none of these. So the rows of an owner sum to
 * its counted samples that have a stack. Functions of one name are one row.
 */
#ifndef CPROF_PROFILE_BREAKDOWN_H
#define CPROF_PROFILE_BREAKDOWN_H

#include "base/err.h"
#include "profile/profile.h"

struct breakdown_row {
    uint32_t owner, function;
    uint64_t samples;
};

struct breakdown {
    struct breakdown_row *rows; /**< by owner, then samples, then name */
    size_t *first; /**< by owner: its first row; the next owner's ends them */
    size_t owners;
};

/**
 * @param owner_of  by process: below owners, or PROFILE_NONE to leave it out
 * @return 0, -ENOMEM or -E_LIMIT; then *out is as it was. breakdown_deinit
 *         frees the rows; their ids are of p
 */
MUST_USE int breakdown_compute(const struct profile *p,
                               const uint32_t *owner_of, size_t owners,
                               struct breakdown *out);
void breakdown_deinit(struct breakdown *b);

#endif
