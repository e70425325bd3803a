/**
 * @file span_stacks.h
 * In which spans each process is. From marks, in the order of their times, it
 * makes a stack of open spans for each process. Marks may be missing, and spans
 * need not be nested:
 *
 *   - An end belongs to the innermost open span of its kind (and number, if it
 *     has one). Spans that began within that span have ended, too: their own
 *     ends were not marked.
 *   - A start also ends an open span of its kind if neither has a number, or if
 *     marks were lost since that span began (span_stacks_gap). The end of that
 *     span was not marked, or was lost.
 *   - A process that works for another one, and is in no span itself, is in the
 *     spans of that one.
 *   - A process may end within its spans; span_stacks_look finds that out.
 */
#ifndef CPROF_RECORDER_SPAN_STACKS_H
#define CPROF_RECORDER_SPAN_STACKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span_ring.h"
#include "profile/profile.h"
#include "recorder/span_held.h"

enum {
    /** Open spans of one process; further ones are not told apart. */
    SPAN_STACKS_DEPTH = PROFILE_SPAN_DEPTH,
    /** From a process to the one that it works for, and so on. */
    SPAN_STACKS_KIN = 8,
};

struct span_stacks;

/** A span that ended. */
struct span_end {
    uint64_t pid, start_ns, end_ns;
    uint32_t span;                /**< id in the profile */
    bool assumed;                 /**< when it began is not known */
    struct span_verdict *verdict; /**< borrowed for the call; may be NULL */
};
/** @return 0, or an error, which is passed on */
typedef int span_stacks_on_end(void *ctx, const struct span_end *end);

struct span_stacks_config {
    struct profile *profile; /**< the first of the recording; borrowed */
    /** To hold samples until spans are known to be slow; NULL: all spans count.
     *  Borrowed. */
    struct span_held *held;
    /** The names of spans that have to be slow (span_name.h); of nested ones,
     *  the outermost. None: any span. Borrowed. */
    const char *const *slow;
    size_t slow_count;
    span_stacks_on_end *on_end;
    void *ctx;
};

struct span_stacks_counts {
    uint64_t unmatched; /**< starts without an end, or ends without a start */
    uint64_t merged;    /**< spans too deep, or of too many processes */
    uint64_t died;      /**< spans whose process ended within them */
};

/** 0 or -ENOMEM. */
MUST_USE int span_stacks_open(const struct span_stacks_config *config,
                              struct span_stacks **out);
void span_stacks_close(struct span_stacks *s);

/** The start or the end of a span. */
struct span_change {
    uint64_t pid, time_ns;
    uint64_t order;  /**< how many marks were written before its mark. (A start
                          that was marked only at the end of its span has an
                          earlier time than some of these) */
    uint32_t name;   /**< string of the profile */
    uint32_t number; /**< that start and end have in common, or 0 */
    enum span_what what; /**< SPAN_EXCEPTION ends a span as SPAN_STOP does */
    bool assumed; /**< a start that was not read: it was before all marks */
};

/** To be called for each mark when it is read, in the order in which marks were
 * written: one of the changes below will follow, with the same name, number and
 * `what`. Until then the process stays known. An assumed start is no mark, and
 * needs no call.
 * @return 0; 1: it is the end of a span that began before the first mark;
 *         -ENOMEM; or -E_LIMIT */
MUST_USE int span_stacks_expect(struct span_stacks *s,
                                const struct span_change *c);
/** Each of these: 0, -ENOMEM, -E_LIMIT, or the error of on_end. */
MUST_USE int span_stacks_start(struct span_stacks *s,
                               const struct span_change *c);
MUST_USE int span_stacks_stop(struct span_stacks *s,
                              const struct span_change *c);
/** Marks were lost here. */
void span_stacks_gap(struct span_stacks *s);
/** From now on, pid works for `other`; 0: for nobody that is known, which is
 *  remembered as well. */
MUST_USE int span_stacks_child(struct span_stacks *s, uint64_t pid,
                               uint64_t other);

/** Is anything known of the process: a span, or for whom it works? Or was a
 * mark of it read whose change is still to come? */
bool span_stacks_knows(const struct span_stacks *s, uint64_t pid);

/** Where a process is now. */
struct span_place {
    uint32_t span;                /**< id in the profile; 0: in none */
    uint64_t since_ns;            /**< the process has been there since then */
    struct span_verdict *verdict; /**< borrowed until the next start or stop */
};
struct span_place span_stacks_at(const struct span_stacks *s, uint64_t pid);

/** How many processes are in a span, or work for another one. */
size_t span_stacks_count(const struct span_stacks *s);
/** Sets by place whether a process lives; true if that is not known. */
typedef void span_stacks_lives(void *ctx, const uint64_t *pids, size_t n,
                               bool *alive);
/**
 * Checks whether processes are alive, another part of them at each call. Those
 * that are not are forgotten as soon as all marks of their time are known.
 * @param now_ns    the time at which `lives` looks
 * @param known_ns  the time of the last mark or sample
 * @return 0, or an error of what is held
 */
MUST_USE int span_stacks_look(struct span_stacks *s, uint64_t now_ns,
                              uint64_t known_ns, span_stacks_lives *lives,
                              void *ctx);
/** To be called at the end of the recording, or when the node has another page:
 * calls `cut` for each span that is open. 0, or an error of `cut`. */
MUST_USE int span_stacks_finish(struct span_stacks *s, uint64_t end_ns,
                                span_stacks_on_end *cut, void *ctx);
/** Calls `each` for each span that is open, and leaves it open. */
MUST_USE int span_stacks_each(const struct span_stacks *s, uint64_t now_ns,
                              span_stacks_on_end *each, void *ctx);
/** Goes on with another profile, which is borrowed like the former one; that
 *  one must still be there. 0, -ENOMEM or -E_LIMIT. */
MUST_USE int span_stacks_renew(struct span_stacks *s, struct profile *fresh);
struct span_stacks_counts span_stacks_counts(const struct span_stacks *s);

#endif
