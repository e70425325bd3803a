/**
 * @file diff.h
 * Two groups of recordings compared: which functions (and stacks) take a
 * larger or smaller part of the CPU now, by how much, and how sure that is.
 *
 * Counts of different recordings mean nothing side by side, shares of one
 * whole move when anything else does. So each function has both: its shares,
 * and its *growth*: how many times the odds of its share are what they were,
 * less one. Made 20 % slower, with all else as it was, a function grows by
 * 0.20 whatever part of the whole it had.
 *
 * All figures are of counted samples (not in STATE_SCHEDULER). Intervals are
 * 95 %: by the counts alone for one recording a side, by the spread between
 * the recordings too when there are more. `grew` and `shrank` hold for all
 * rows together: the chance that the same code twice has any such row is at
 * most 5 %.
 */
#ifndef CPROF_PROFILE_DIFF_H
#define CPROF_PROFILE_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "profile/profile.h"

struct diff_options {
    double min_effect; /**< growth below this is never called grown or
                            shrunk; 0: the default, 0.05 */
};

enum diff_verdict { DIFF_SAME, DIFF_GREW, DIFF_SHRANK, DIFF_NEW, DIFF_GONE };

/** A share before and after, in percent of the counted samples. */
struct diff_share {
    uint64_t base, now;       /**< samples */
    double base_pct, now_pct; /**< 0 to 100 */
    double change;            /**< points: now_pct - base_pct */
    double change_low, change_high;
    double growth; /**< 0.2: 20 % more; INFINITY when it was not there */
    double growth_low, growth_high;
    enum diff_verdict verdict;
};

struct diff_function {
    uint32_t function; /**< of diff_profile() */
    struct diff_share self, total;
};

/** A whole stack, root to leaf. */
struct diff_stack {
    uint32_t stack; /**< of diff_profile() */
    struct diff_share self;
};

struct diff;

/**
 * Compares base_count recordings with now_count others, each at least 1. They
 * are only read and may be destroyed afterwards. -E_EMPTY when a side has
 * no counted sample; -ENOMEM.
 */
MUST_USE int diff_create(const struct profile *const *base, size_t base_count,
                         const struct profile *const *now, size_t now_count,
                         const struct diff_options *options, struct diff **out);
void diff_destroy(struct diff *d);

/** Both sides in one, so that one id means the same in both: the functions,
 *  frames, stacks, processes and rows of all recordings. Meta is now's. */
const struct profile *diff_profile(const struct diff *d);
/** Of row i of diff_profile(): how many of its samples are of the base; the
 *  others are of now. */
uint64_t diff_base_of_row(const struct diff *d, size_t i);
/** Counted samples of a side, and its recordings' common facts. */
uint64_t diff_base_counted(const struct diff *d);
uint64_t diff_now_counted(const struct diff *d);
/** Rows by the size of their self change in points, the largest first. */
size_t diff_function_count(const struct diff *d);
const struct diff_function *diff_function_at(const struct diff *d, size_t i);
size_t diff_stack_count(const struct diff *d);
const struct diff_stack *diff_stack_at(const struct diff *d, size_t i);
/** Does any function's self or total have verdict grew (or new) with a growth
 *  above percent, the whole interval above 0? */
bool diff_grew_above(const struct diff *d, double percent);

/** "same", "grew", "shrank", "new", "gone". */
const char *diff_verdict_name(enum diff_verdict verdict);

#endif
