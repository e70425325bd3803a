/**
 * @file walk_top.h
 * The largest of many rows, in bounded room: a heap with the smallest kept row
 * at the root.
 */
#ifndef CPROF_NIF_WALK_TOP_H
#define CPROF_NIF_WALK_TOP_H

#include <stdint.h>

enum { TOP_ROOM = 200, TOP_MORE = 4 };

struct top_row {
    uint64_t key; /**< what it is ranked by; 0 is never kept */
    uint64_t id;  /**< the process's pid term, or an index */
    uint64_t more[TOP_MORE];
};

struct top {
    uint32_t count, room;
    struct top_row rows[TOP_ROOM];
};

/** room is at most TOP_ROOM. */
void top_init(struct top *t, uint32_t room);
void top_add(struct top *t, const struct top_row *row);
/** Would a row of that key be kept? */
static inline int top_wants(const struct top *t, uint64_t key)
{
    return key > 0 &&
           (t->count < t->room || (t->room > 0 && key > t->rows[0].key));
}
/** Largest first; after it the heap takes no more rows. */
void top_sort(struct top *t);

#endif
