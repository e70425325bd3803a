/**
 * @file walk_top.h
 * Keeps the largest of many rows in fixed memory: a heap with the smallest kept
 * row at the root.
 */
#ifndef CPROF_NIF_WALK_TOP_H
#define CPROF_NIF_WALK_TOP_H

#include <stdint.h>

enum { WALK_TOP_ROOM = 200, WALK_TOP_MORE = 4 };

struct walk_top_row {
    uint64_t key; /**< determines the order; rows with 0 are never kept */
    uint64_t id;  /**< a process's pid term, or an index */
    uint64_t more[WALK_TOP_MORE];
};

struct walk_top {
    uint32_t count, room;
    struct walk_top_row rows[WALK_TOP_ROOM];
};

/** Keeps up to `room` rows, but at most WALK_TOP_ROOM. */
void walk_top_init(struct walk_top *t, uint32_t room);
void walk_top_add(struct walk_top *t, const struct walk_top_row *row);
/** Would a row with this key be kept? */
static inline int walk_top_wants(const struct walk_top *t, uint64_t key)
{
    return key > 0 &&
           (t->count < t->room || (t->room > 0 && key > t->rows[0].key));
}
/** Sorts the rows, largest first. Afterwards no more rows can be added. */
void walk_top_sort(struct walk_top *t);

#endif
