/**
 * @file span_marks.h
 * The marks of a node (target/span_page.h) in the order of their times, with
 * the names of their spans.
 */
#ifndef CPROF_RECORDER_SPAN_MARKS_H
#define CPROF_RECORDER_SPAN_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "profile/profile.h"
#include "recorder/span_queue.h"
#include "recorder/target_state.h"
#include "target/span_page.h"

/** What is kept of a mark. */
struct span_marked {
    struct span_order order; /**< its time, and how many were read before it */
    uint64_t pid, other;     /**< terms */
    uint32_t name;           /**< string of the profile */
    uint32_t number;
    uint32_t what; /**< enum span_what; SPAN_MARKS_GAP, SPAN_MARKS_ANEW */
    bool assumed;  /**< a start that was before all marks: only its end was read
                    */
};
enum {
    SPAN_MARKS_GAP = 0,     /**< marks were lost here */
    SPAN_MARKS_ANEW = 0xff, /**< from here on the node has another page: no end
                                 will be marked of the spans that are open */
};

/** Called for each mark when it is read.
 *  @return 0; 1: it is the end of a span whose start was not read; or an error
 */
typedef int span_marks_seen(void *ctx, const struct span_marked *mark);

struct span_marks {
    struct span_queue queue; /**< of struct span_marked */
    span_marks_seen *seen;   /**< to be set after span_marks_open */
    void *ctx;
    struct target_state *target;
    struct profile *profile;
    struct span_reader *reader;
    uint32_t names[SPAN_KINDS]; /* by kind: string; 0: not read yet */
    uint64_t lost;              /* marks whose loss is in the queue as a gap */
    uint64_t pages;             /* that were found so far */
    uint64_t last_ns;           /* the latest time of a mark */
    uint64_t first_ns; /* the time of the first mark; each assumed start
                          makes it a nanosecond earlier */
    unsigned looks;    /* of the target, when its maps were looked at */
};

/** Both are borrowed until span_marks_close, which must be called even after an
 *  error. 0 or -ENOMEM. */
MUST_USE int span_marks_open(struct span_marks *m, struct target_state *target,
                             struct profile *profile);
void span_marks_close(struct span_marks *m);
/** Looks for the page of the node, if its mappings may have changed. 1: it is
 *  there; 0: it is not; or -ENOMEM. */
int span_marks_look(struct span_marks *m);
/** Goes on with another profile, which is borrowed like the first. The queue
 * must be empty. */
void span_marks_renew(struct span_marks *m, struct profile *fresh);
/** Puts new marks into the queue. 0, -ENOMEM or -E_LIMIT. */
MUST_USE int span_marks_read(struct span_marks *m, uint64_t now_ns);
/** The same for the last time: marks that are not written yet are lost. */
MUST_USE int span_marks_read_last(struct span_marks *m, uint64_t now_ns);

#endif
