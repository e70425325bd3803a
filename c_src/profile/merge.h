/**
 * @file merge.h
 * Several recordings in one profile, in which a function is the same whatever
 * file, line or path it was built from: known by name, module (of C code: its
 * object's file name), arity and kind. Each has one frame, of the
 * same id, at the line with most self samples in the recording that named it
 * first.
 */
#ifndef CPROF_PROFILE_MERGE_H
#define CPROF_PROFILE_MERGE_H

#include "base/err.h"
#include "base/intern.h"
#include "profile/profile.h"

struct merge {
    struct profile *to;
    struct intern functions; /* identity -> its frame of `to` */
};

/** Into an empty profile, which stays the caller's. */
void merge_init(struct merge *m, struct profile *to);
void merge_deinit(struct merge *m);
/** Names a recording's functions before its rows are added. 0, -ENOMEM or
 *  -E_LIMIT, as all of these. */
MUST_USE int merge_functions(struct merge *m, const struct profile *from);
/** Takes over meta, notes and what the rows count. */
MUST_USE int merge_meta(struct merge *m, const struct profile *from);
/**
 * Adds its rows and counters, without bucket and tid. -E_VALUES when its rows
 * count other things than those of m->to.
 * @param stacks  by stack of from: its stack of m->to; to be freed
 */
MUST_USE int merge_rows(struct merge *m, const struct profile *from,
                        uint32_t **stacks);

#endif
