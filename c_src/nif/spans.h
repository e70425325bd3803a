/**
 * @file spans.h
 * Marks which process of this node is in which span, for readers outside:
 * writes the page that base/span_ring.h describes. Knows nothing of the VM; its
 * NIFs are in spans_nif.c.
 *
 * Any number of threads may call the functions at the same time, except
 * spans_create and spans_destroy. They take no lock, wait for nobody and
 * allocate nothing.
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

/** A process that has said for whom it works. */
struct spans_process {
    uint64_t process; /**< the term of its pid */
    uint64_t marks;   /**< how many marks the page had at that time */
};

/** About 12 MB; spans_create takes 14, in whole huge pages. */
struct spans {
    struct span_page page;
    uint32_t generation; /**< tells it from a former one; likely to differ */
    /** Finds a kind by its text. A slot holds the upper half of the text's hash
     *  and the kind's index + 1, or 0 if it is free. Once set, a slot never
     *  changes. */
    uint64_t slots[SPANS_SLOTS];
    struct spans_process processes[SPANS_PROCESSES]; /**< by a hash of pids */
    struct span_mark marks[SPAN_MARKS];
    struct span_kind kinds[SPAN_KINDS];
};

/** Some bytes that the caller owns. */
struct spans_text {
    const char *text;
    size_t length;
};

/** Returns NULL if there is no memory. Takes some milliseconds. */
struct spans *spans_create(void);
/** Frees the page. Does nothing if s is NULL. */
void spans_destroy(struct spans *s);

/**
 * Returns the index of the kind of an event with a part of its metadata:
 * `more`, which may be empty. Adds the kind if it is new. A text of more than
 * SPAN_KIND_TEXT bytes is cut between two characters. If there is no room for
 * another kind, returns SPAN_KIND_OTHER and adds one to `kinds_refused`.
 */
uint32_t spans_kind(struct spans *s, struct spans_text event,
                    struct spans_text more);

/**
 * Makes the CPU fetch what spans_knows and spans_mark will need: the place of
 * the process, the number of marks, which other CPUs change, and the memory of
 * the next mark, because the ring is larger than the CPU's caches. Call it
 * before other work.
 */
void spans_expect_mark(const struct spans *s, uint64_t process);

/**
 * Adds a copy of the mark, whose `number` is ignored. The mark is lost if the
 * thread stands still in this function while SPAN_MARKS others are written.
 * Readers notice that (base/span_ring.h).
 */
void spans_mark(struct spans *s, const struct span_mark *mark);

/**
 * Has this process said for whom it works? If not, the caller calls spans_know,
 * and then adds a mark SPAN_CHILD if the process works for another one. The
 * answer is false before the first mark of a process, and again before its
 * SPAN_CHILD is overwritten in the ring. It may also be false needlessly,
 * because two processes can share one place in the table.
 */
bool spans_knows(const struct spans *s, uint64_t process);
void spans_know(struct spans *s, uint64_t process);

#endif
