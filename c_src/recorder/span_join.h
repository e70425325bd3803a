/**
 * @file span_join.h
 * Joins samples with the spans that the application marked (span_page.h), after
 * a sample has got its names, and before the profile counts it. In a node
 * without spans a sample is counted at once.
 *
 * Otherwise it waits. A span may be marked only when it has ended (a database
 * query that says how long it took), and then samples from its start on are in
 * it. So samples and marks wait in queues, in the order of their times, for
 * SPAN_JOIN_HOLD_NS, or for less if there are too many. If a span took longer,
 * and is marked only at its end, its first part is missing.
 *
 * When a process that has marked nothing is sampled for the first time, cprof
 * reads at once for whom it works (span_kin.h), because it may have ended when
 * the sample leaves its queue.
 */
#ifndef CPROF_RECORDER_SPAN_JOIN_H
#define CPROF_RECORDER_SPAN_JOIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "profile/profile.h"
#include "recorder/span_held.h"
#include "recorder/span_stacks.h"
#include "recorder/target_state.h"

#define SPAN_JOIN_HOLD_NS (10 * NS_PER_S)

struct span_join;

/** Which samples are recorded. All 0: all samples. */
struct span_choice {
    /** Only samples in a span that takes at least that long; 0: all samples. */
    uint64_t slower_than_ns;
    /** The names of spans that have to take that long (span_name.h); of nested
     *  ones, the outermost. None: any span. Borrowed until span_join_close. */
    const char *const *spans;
    size_t span_count;
};

/** Counts a sample whose row has its span: 0, or an error, which is passed on.
 */
typedef int span_join_count(void *ctx, const struct span_item *item);

struct span_join_config {
    struct target_state *target; /**< borrowed, and so is the profile */
    struct profile *profile;     /**< the first of the recording */
    struct span_choice choice;
    span_join_count *count;
    void *ctx;
    /** Takes the spans that end, instead of the profile: for what has no end
     *  (flight.h). NULL: the profile does. */
    span_stacks_on_end *ended;
    void *ended_ctx;
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
/** Counts all that wait now, as if the recording ended. The same errors. */
MUST_USE int span_join_settle(struct span_join *j);
/** Sets the counters of all events to what is known so far. */
void span_join_tell(const struct span_join *j);
/** span_stacks_each, until now. */
MUST_USE int span_join_each(const struct span_join *j, span_stacks_on_end *each,
                            void *ctx);
/** Goes on with another profile; the former one must still be there. To be
 *  called after span_join_settle. 0, -ENOMEM or -E_LIMIT. */
MUST_USE int span_join_renew(struct span_join *j, struct profile *fresh);
/** To be called once, after the last sample: counts all that wait, and sets the
 *  counters and notes of all events. The same errors. */
MUST_USE int span_join_finish(struct span_join *j);

#endif
