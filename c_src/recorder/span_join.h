/**
 * @file span_join.h
 * Joins samples with the spans that the application marked (span_page.h):
 * between the names of a sample and the profile that counts it. In a node
 * without spans a sample is counted at once.
 *
 * Otherwise it waits. A span may be marked only when it has ended (a database
 * query that says how long it took), and then samples from its start on are in
 * it. So samples and marks are put in the order of their times, and leave it
 * SPAN_JOIN_HOLD_NS later, or earlier if there are too many of them. A span
 * that took longer, and is marked only at its end, has its first part missing.
 *
 * A process that was sampled and has marked nothing is asked for whom it works
 * (span_kin.h) at its first sample, because it may have ended when the sample
 * leaves.
 */
#ifndef CPROF_RECORDER_SPAN_JOIN_H
#define CPROF_RECORDER_SPAN_JOIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "profile/profile.h"
#include "recorder/span_held.h"
#include "recorder/target_state.h"

#define SPAN_JOIN_HOLD_NS (10 * NS_PER_S)

struct span_join;

/** What of it is recorded. All 0: everything. */
struct span_choice {
    /** Only samples in a span that takes as long; 0: all samples. */
    uint64_t slower_than_ns;
    /** The spans that have to (span_name.h), the outermost first; none: any.
     *  Borrowed until span_join_close. */
    const char *const *spans;
    size_t span_count;
};

/** Counts a sample whose row has its span: 0, or an error, which is kept. */
typedef int span_join_count(void *ctx, const struct span_item *item);

struct span_join_config {
    struct target_state *target; /**< borrowed, and so is the profile */
    struct profile *profile;     /**< the first of the recording */
    struct span_choice choice;
    span_join_count *count;
    void *ctx;
};

/** Looks for spans in the node. 0 or -ENOMEM. */
MUST_USE int span_join_open(const struct span_join_config *config,
                            struct span_join **out);
void span_join_close(struct span_join *j);
/** The recording begins: spans that ended before are not counted. */
void span_join_begin(struct span_join *j, uint64_t started_ns);
/** Takes a sample. 0, -ENOMEM, -E_LIMIT, or an error of `count`. */
MUST_USE int span_join_add(struct span_join *j, struct span_item *item);
/** To be called several times a second: reads new marks, and counts the samples
 *  that have waited long enough. The same errors. */
MUST_USE int span_join_step(struct span_join *j);
/** To be called once, after the last sample: counts all that wait, and sets the
 *  counters and notes of all events. The same errors. */
MUST_USE int span_join_finish(struct span_join *j);

#endif
