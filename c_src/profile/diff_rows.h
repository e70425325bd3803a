/**
 * @file diff_rows.h
 * The statistics of a comparison: computes the rows of diff.h from the samples
 * by stack of each recording.
 */
#ifndef CPROF_PROFILE_DIFF_ROWS_H
#define CPROF_PROFILE_DIFF_ROWS_H

#include "profile/diff.h"
#include "profile/diff_gather.h"

struct diff_rows {
    struct diff_function *functions;
    size_t function_count;
    struct diff_stack *stacks;
    size_t stack_count;
};

/** 0, -ENOMEM, or -E_EMPTY if a side has no counted sample. Ids are those of
 *  g->profile; diff_rows_deinit frees the rows. */
MUST_USE int diff_rows_compute(const struct diff_gathered *g, double min_effect,
                               struct diff_rows *out);
void diff_rows_deinit(struct diff_rows *r);

#endif
