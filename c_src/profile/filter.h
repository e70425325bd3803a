/**
 * @file filter.h
 * A profile restricted to some of its samples: a new profile with the same
 * metadata and only the matching rows.
 */
#ifndef CPROF_PROFILE_FILTER_H
#define CPROF_PROFILE_FILTER_H

#include "base/err.h"
#include "profile/profile.h"

struct filter {
    const char *const *processes; /**< pid, name, label, initial call */
    size_t process_count;         /**< 0: all */
    const char *focus;  /**< POSIX extended RE on a frame's name; NULL */
    const char *ignore; /**< RE: stacks with such a frame are dropped; NULL */
};

/** Does it compile? 0 (also for NULL and "") or -E_PATTERN. */
MUST_USE int filter_check(const char *pattern);
/** -E_PATTERN when an expression does not compile, -ENOMEM. */
MUST_USE int filter_apply(const struct profile *p, const struct filter *f,
                          struct profile **out);

#endif
