/**
 * @file filter.h
 * A recording restricted to some of its samples: a new one with the same
 * metadata and only the matching rows.
 */
#ifndef CPROF_PROFILE_FILTER_H
#define CPROF_PROFILE_FILTER_H

#include <stdbool.h>

#include "base/err.h"
#include "profile/profile.h"

/** A sample must match every member that is not 0. */
struct filter {
    unsigned events; /**< a set (EVENT_SET): only these events of the
                          recording */
    /** Each is a pid, a registered name, a label, an initial call, or the name
     *  that reports use (process_names.h). */
    const char *const *processes;
    size_t process_count;
    /** Names of spans (span_name.h): only samples in one of them, also in spans
     *  within it. */
    const char *const *spans;
    size_t span_count;
    /** It is not an error if none of the processes was sampled: they may have
     *  been idle. */
    bool idle_is_fine;
    /** POSIX extended regular expressions on the names of frames, or NULL:
     *  stacks without a frame that matches focus are dropped, and so are stacks
     *  with one that matches ignore. */
    const char *focus;
    const char *ignore;
    unsigned states;            /**< a set: 1 << each enum sample_state */
    const char *const *threads; /**< names as the system shows them, or tids */
    size_t thread_count;
    /** Numbers of normal schedulers, from 1. If there are threads as well, a
     *  sample has to match only one of the two. */
    const uint32_t *schedulers;
    size_t scheduler_count;
    /** A span in nanoseconds from the start. It selects all buckets of the
     *  timeline that overlap it. to_ns 0: until the end. */
    uint64_t from_ns, to_ns;
};

/** Does the pattern compile? 0 (also for NULL and "") or -E_PATTERN. */
MUST_USE int filter_check(const char *pattern);
/** Does the filter keep everything? */
bool filter_is_empty(const struct filter *f);
/** How the note begins that a view of a part of a recording has (meta.notes).
 */
#define FILTER_NOTE "filtered:"
/** Is the profile a part of a recording, with such a note? */
bool filter_is_part(const struct profile *p);
/** Makes *out, which the caller owns. 0; -E_PATTERN: an expression does not
 *  compile; -E_NO_TIMELINE: there is a span, but no timeline was recorded;
 *  -E_NO_MATCH: none of the processes was sampled (not with idle_is_fine);
 *  -E_NO_SPAN: the recording has none of the spans;
 *  -E_NO_EVENT: the recording has none of the events; -ENOMEM; -E_LIMIT.
 *  @param p  the recording's first profile */
MUST_USE int filter_apply(const struct profile *p, const struct filter *f,
                          struct profile **out);
/** The same, but takes ownership of `whole`: if the filter keeps everything,
 *  *out is `whole` itself; otherwise `whole` is destroyed, on an error too. */
MUST_USE int filter_take(struct profile *whole, const struct filter *f,
                         struct profile **out);

/** A recording event by event. */
struct filter_parts {
    const struct profile *list[EVENT_COUNT]; /**< in the order of the events */
    size_t count;
    struct profile *copies[EVENT_COUNT]; /**< NULL: list[i] is borrowed */
};

/** Makes a recording of its own of each event, which is as if only that event
 *  had been recorded. If there is only one, it is p itself. 0, -ENOMEM or
 *  -E_LIMIT; filter_parts_deinit frees the copies. */
MUST_USE int filter_split(const struct profile *p, struct filter_parts *out);
void filter_parts_deinit(struct filter_parts *parts);

#endif
