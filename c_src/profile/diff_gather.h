/**
 * @file diff_gather.h
 * The recordings of both sides brought together for diff.c: one profile, and
 * by recording its samples by stack of that profile.
 */
#ifndef CPROF_PROFILE_DIFF_GATHER_H
#define CPROF_PROFILE_DIFF_GATHER_H

#include "profile/diff.h"

/** One recording. */
struct diff_part {
    bool is_now;
    uint64_t *by_stack; /**< counted samples */
    size_t stacks;      /**< how many by_stack has: all there are */
    uint64_t counted;   /**< samples */
};

struct diff_gathered {
    struct profile *profile;
    struct diff_part *parts; /**< the base's first */
    size_t part_count;
    uint64_t *base_of_row; /**< samples of the base, by row of profile: the
                                first base_rows, others have none */
    size_t base_rows;
};

/** The recordings are only read. 0, -E_VALUES, -ENOMEM or -E_LIMIT; then *out
 *  is as it was. diff_gathered_deinit frees it, the profile too. */
MUST_USE int diff_gather(const struct profile *const *base, size_t base_count,
                         const struct profile *const *now, size_t now_count,
                         struct diff_gathered *out);
void diff_gathered_deinit(struct diff_gathered *g);

#endif
