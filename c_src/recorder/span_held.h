/**
 * @file span_held.h
 * Keeps only what is in slow spans. Whether a span is slow is known when it has
 * lasted long enough, or when it ends before that. Until then its samples, and
 * those of the spans within it, are held.
 */
#ifndef CPROF_RECORDER_SPAN_HELD_H
#define CPROF_RECORDER_SPAN_HELD_H

#include <stdint.h>

#include "base/err.h"
#include "profile/profile.h"
#include "recorder/span_queue.h"

/** What a profile counts as soon as its span is known: a sample that has its
 *  names, or a span that has ended. */
struct span_item {
    struct span_order order; /**< its time */
    uint64_t pid;            /**< term; 0: not known, or no process */
    enum event event;        /**< of the sample; EVENT_COUNT: an ended span */
    struct profile_sample row;
    /** Of the sample; of an ended span: its duration, and whether all of it was
     *  recorded (span_join.c). */
    uint64_t values[PROFILE_MAX_VALUES];
};

struct span_held;
/** Whether a span is slow. It is shared by all that are decided with it: the
 *  spans within it, also those of other processes. */
struct span_verdict;

/** Counts what is in a slow span: 0, or an error, which is passed on. */
typedef int span_held_keep(void *ctx, const struct span_item *item);

/** 0 or -ENOMEM.
 *  @param slower_than_ns  a span that lasts at least that long is slow */
MUST_USE int span_held_open(uint64_t slower_than_ns, span_held_keep *keep,
                            void *ctx, struct span_held **out);
/** Frees what is held. All verdicts must have been released before. */
void span_held_close(struct span_held *h);
/** For a span that begins, which is its first user; NULL: no memory. */
struct span_verdict *span_held_begin(uint64_t start_ns);
/** One more user of it; each calls span_held_release. v may be NULL. */
struct span_verdict *span_held_share(struct span_verdict *v);
void span_held_release(struct span_held *h, struct span_verdict *v);
/** The span ends: keeps what it held, or leaves it out. 0, or an error of keep.
 */
MUST_USE int span_held_end(struct span_held *h, struct span_verdict *v,
                           uint64_t end_ns);
/** Keeps, leaves out or holds an item; without a verdict it is left out. 0,
 *  -ENOMEM, or an error of keep. */
MUST_USE int span_held_add(struct span_held *h, struct span_verdict *v,
                           const struct span_item *item);
/** Samples of an event that were left out; and those that there was no room to
 *  hold. */
uint64_t span_held_left_out(const struct span_held *h, enum event event);
uint64_t span_held_dropped(const struct span_held *h, enum event event);

#endif
