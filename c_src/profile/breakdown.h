/**
 * @file breakdown.h
 * Samples by function within each process, or within each group of processes.
 * Every sample is charged to one function: the innermost one that is an Erlang
 * or Elixir function, a BIF, a NIF or a garbage collection, which thus includes
 * the C and kernel code that it called. If the stack has no such function, the
 * sample is charged to the executing one. So the rows of an owner add up to its
 * counted samples that have a stack. Functions with the same name are one row.
 * A row of 0 is none.
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
    struct breakdown_row *rows; /**< sorted by owner, then samples, then name */
    size_t
        *first; /**< by owner: its first row; one more: the end of the last */
    size_t owners;
};

/**
 * @param owner_of  by process: its owner, a number below owners; PROFILE_NONE
 *                  leaves the process out
 * @param out  unchanged on an error; breakdown_deinit frees it; its ids are
 *             those of p
 * @return 0, -ENOMEM or -E_LIMIT
 */
MUST_USE int breakdown_compute(const struct profile *p,
                               const uint32_t *owner_of, size_t owners,
                               struct breakdown *out);
void breakdown_deinit(struct breakdown *b);

#endif
