/**
 * @file merge.h
 * Merges several recordings into one profile. There a function is identified by
 * name, module (for C code: the file name of its object), arity and kind, but
 * not by the file, line or path that it was built from. Each function has one
 * frame with the same id; its line is the one with the most self samples in the
 * recording that named it first.
 */
#ifndef CPROF_PROFILE_MERGE_H
#define CPROF_PROFILE_MERGE_H

#include "base/err.h"
#include "base/intern.h"
#include "profile/profile.h"

struct merge {
    struct profile *to;
    struct intern functions; /* identity -> its frame in `to` */
};

/** Begins a merge into an empty profile, which the caller keeps. */
void merge_init(struct merge *m, struct profile *to);
void merge_deinit(struct merge *m);
/** Adds a recording's functions; needed before its rows are added. Like all
 *  functions here it returns 0, -ENOMEM or -E_LIMIT. */
MUST_USE int merge_functions(struct merge *m, const struct profile *from);
/** Copies meta, notes and value types from a recording. */
MUST_USE int merge_meta(struct merge *m, const struct profile *from);
/**
 * Adds a recording's rows and counters, without buckets and tids. -E_VALUES if
 * its rows count other things than those of m->to.
 * @param stacks  by stack of from: its stack in m->to; the caller frees it
 */
MUST_USE int merge_rows(struct merge *m, const struct profile *from,
                        uint32_t **stacks);

#endif
