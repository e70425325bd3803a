/**
 * @file diff_gather.h
 * Brings the recordings of both sides together for diff.c: in one profile, and
 * for each recording its samples by stack of that profile.
 */
#ifndef CPROF_PROFILE_DIFF_GATHER_H
#define CPROF_PROFILE_DIFF_GATHER_H

#include "profile/diff.h"

/** One recording. */
struct diff_part {
    bool is_now;
    uint64_t *by_stack; /**< counted samples */
    size_t stacks;      /**< length of by_stack: all stacks of the profile */
    uint64_t counted;   /**< samples */
    double unit; /**< what one of as many equal samples counts: 1, but for
                      samples of allocation, which count bytes */
};

struct diff_gathered {
    struct profile *profile;
    struct diff_part *parts; /**< those of the base come first */
    size_t part_count;
    uint64_t *base_of_row; /**< samples from the base, by row of profile; has
                                base_rows elements, later rows have none */
    size_t base_rows;
};

/** The recordings are only read. 0, -E_VALUES, -E_WALL, -ENOMEM or -E_LIMIT; on
 * an error *out is unchanged. diff_gathered_deinit frees it, including the
 * profile. */
MUST_USE int diff_gather(const struct profile *const *base, size_t base_count,
                         const struct profile *const *now, size_t now_count,
                         struct diff_gathered *out);
void diff_gathered_deinit(struct diff_gathered *g);

#endif
