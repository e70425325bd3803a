/**
 * @file largest.h
 * Keeps the largest of many rows in fixed memory: a heap with the smallest kept
 * row at the root.
 */
#ifndef CPROF_BASE_LARGEST_H
#define CPROF_BASE_LARGEST_H

#include <stdint.h>

/** A macro, so that messages can say it. */
#define LARGEST_ROOM 200
enum { LARGEST_MORE = 4 };

struct largest_row {
    uint64_t key; /**< determines the order; rows with 0 are never kept */
    uint64_t id;  /**< a process's pid term, or an index */
    uint64_t more[LARGEST_MORE];
};

struct largest {
    uint32_t count, room;
    struct largest_row rows[LARGEST_ROOM];
};

/** Keeps up to `room` rows, but at most LARGEST_ROOM. */
void largest_init(struct largest *t, uint32_t room);
void largest_add(struct largest *t, const struct largest_row *row);
/** Would a row with this key be kept? */
static inline int largest_wants(const struct largest *t, uint64_t key)
{
    return key > 0 &&
           (t->count < t->room || (t->room > 0 && key > t->rows[0].key));
}
/** Sorts the rows, largest first. Afterwards no more rows can be added. */
void largest_sort(struct largest *t);

#endif
