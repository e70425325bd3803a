/**
 * @file filter.h
 * A profile restricted to some of its samples: a new profile with the same
 * metadata and only the matching rows.
 */
#ifndef CPROF_PROFILE_FILTER_H
#define CPROF_PROFILE_FILTER_H

#include <stdbool.h>

#include "base/err.h"
#include "profile/profile.h"

/** A sample must match every member that is not 0. */
struct filter {
    /** Each a pid, a name, a label, an initial call, or what people call it
     *  (process_names.h). */
    const char *const *processes;
    size_t process_count;
    /** A process asked for that was not sampled is no error: it was idle. */
    bool idle_is_fine;
    const char *focus;  /**< POSIX extended RE on a frame's name; NULL */
    const char *ignore; /**< RE: stacks with such a frame are dropped; NULL */
    unsigned states;    /**< 1 << each enum sample_state asked for */
    const char *const *threads; /**< names as the system shows them, or tids */
    size_t thread_count;
    /** Numbers of normal schedulers, from 1; with threads: either matches. */
    const uint32_t *schedulers;
    size_t scheduler_count;
    /** Nanoseconds from the start: the buckets of the timeline that are at
     *  least partly in it. to_ns 0: until the end. */
    uint64_t from_ns, to_ns;
};

/** Does it compile? 0 (also for NULL and "") or -E_PATTERN. */
MUST_USE int filter_check(const char *pattern);
/** Does it ask for nothing at all? */
bool filter_is_empty(const struct filter *f);
/** -E_PATTERN when an expression does not compile, -E_NO_TIMELINE when a time
 *  is asked for that was not recorded, -E_NO_MATCH when none of the processes
 *  asked for is there (not with idle_is_fine), -ENOMEM. */
MUST_USE int filter_apply(const struct profile *p, const struct filter *f,
                          struct profile **out);
/** The same of a profile that is handed over: it is given back when the filter
 *  asks for nothing, else destroyed, on an error too. */
MUST_USE int filter_take(struct profile *whole, const struct filter *f,
                         struct profile **out);

#endif
