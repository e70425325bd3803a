/**
 * @file spans.h
 * Marks which process of this node is in which span, for readers outside:
 * writes the page that base/span_ring.h describes. Knows nothing of the VM; its
 * NIFs are in spans_nif.c.
 *
 * All functions but the first two may be called by any threads at the same
 * time. They take no lock, wait for nobody and allocate nothing.
 */
#ifndef CPROF_NIF_SPANS_H
#define CPROF_NIF_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span_ring.h"

enum {
    SPANS_SLOTS =
        2 * SPAN_KINDS,        /**< a power of two, at most half of it full */
    SPANS_PROCESSES = 1 << 15, /**< a power of two */
};

/** The process of which it was last said for whom it works, and when: the
 *  number of marks then. */
struct spans_process {
    uint64_t process, marks;
};

/** About 13 MiB. */
struct spans {
    struct span_page page;
    /** A kind by its text: the upper half of the text's hash, and the kind's
     *  index + 1; 0: free. Only added to. */
    uint64_t slots[SPANS_SLOTS];
    struct spans_process processes[SPANS_PROCESSES]; /**< by a hash */
    struct span_mark marks[SPAN_MARKS];
    struct span_kind kinds[SPAN_KINDS];
};

/** Some bytes that belong to the caller. */
struct spans_text {
    const char *text;
    size_t length;
};

/** NULL when there is no memory. Takes some milliseconds. */
struct spans *spans_create(void);
/** Of NULL: nothing. */
void spans_destroy(struct spans *s);

/**
 * The kind of the spans of an event, with a part of its metadata: `more`, which
 * may be empty. A kind is added when it is met for the first time. A text that
 * is too long is cut between two characters. SPAN_KIND_OTHER, and one more in
 * `kinds_refused`, when there is no room for another kind.
 */
uint32_t spans_kind(struct spans *s, struct spans_text event,
                    struct spans_text more);

/** Has the CPU fetch the memory of the next mark: the ring is larger than its
 *  caches. For some time before spans_mark, while there is other work. */
void spans_expect_mark(const struct spans *s);

/**
 * Adds a mark; its `number` is not read. The mark is lost, as the contract of
 * the page foresees, if a thread stands still in this function while all other
 * marks of the page are written.
 */
void spans_mark(struct spans *s, const struct span_mark *mark);

/**
 * False when it is to be said for whom a process works: by a SPAN_CHILD or, if
 * for nobody, by nothing; in both cases after spans_know. That is so before its
 * first mark, again before that is overwritten in the ring, and sometimes
 * without need.
 */
bool spans_knows(const struct spans *s, uint64_t process);
void spans_know(struct spans *s, uint64_t process);

#endif
