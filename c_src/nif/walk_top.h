/**
 * @file walk_top.h
 * The largest of many rows, in bounded room: a heap with the smallest kept row
 * at the root.
 */
#ifndef CPROF_NIF_WALK_TOP_H
#define CPROF_NIF_WALK_TOP_H

#include <stdint.h>

enum { WALK_TOP_ROOM = 200, WALK_TOP_MORE = 4 };

struct walk_top_row {
    uint64_t key; /**< what it is ranked by; 0 is never kept */
    uint64_t id;  /**< the process's pid term, or an index */
    uint64_t more[WALK_TOP_MORE];
};

struct walk_top {
    uint32_t count, room;
    struct walk_top_row rows[WALK_TOP_ROOM];
};

/** room is at most WALK_TOP_ROOM. */
void walk_top_init(struct walk_top *t, uint32_t room);
void walk_top_add(struct walk_top *t, const struct walk_top_row *row);
/** Would a row of that key be kept? */
static inline int walk_top_wants(const struct walk_top *t, uint64_t key)
{
    return key > 0 &&
           (t->count < t->room || (t->room > 0 && key > t->rows[0].key));
}
/** Largest first; after it the heap takes no more rows. */
void walk_top_sort(struct walk_top *t);

#endif
