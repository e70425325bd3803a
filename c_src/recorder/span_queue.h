/**
 * @file span_queue.h
 * A queue of elements of one size that arrive nearly in the order of their
 * times, and leave exactly in that order. Elements with equal times leave in
 * the order in which they arrived.
 *
 * Nearly all are put at the end of a list, or a few places before it. The few
 * that arrive much too late, such as the start of a span that is marked only
 * when it ends, are kept in a heap.
 */
#ifndef CPROF_RECORDER_SPAN_QUEUE_H
#define CPROF_RECORDER_SPAN_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/** The first member of each element. */
struct span_order {
    uint64_t time_ns;
    uint64_t number; /**< set by span_queue_put: how many came before it */
};

struct span_queue {
    size_t size;   /* of an element */
    uint8_t *list; /* from `head` on sorted */
    size_t head, end, list_cap;
    uint8_t *heap;
    size_t heap_count, heap_cap;
    uint64_t numbers;
};

/** @param size  of an element, at most SPAN_QUEUE_SIZE */
enum { SPAN_QUEUE_SIZE = 256 };
void span_queue_init(struct span_queue *q, size_t size);
void span_queue_deinit(struct span_queue *q);
size_t span_queue_count(const struct span_queue *q);
/** Copies an element, and sets its number. 0, -ENOMEM or -E_LIMIT. */
MUST_USE int span_queue_put(struct span_queue *q, struct span_order *element);
/** The element with the lowest time, or NULL; valid until the next call with
 *  this queue. */
const struct span_order *span_queue_first(const struct span_queue *q);
/** Removes the first element. There must be one. */
void span_queue_drop(struct span_queue *q);

#endif
