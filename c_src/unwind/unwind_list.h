/**
 * @file unwind_list.h
 * Appends addresses to a struct unwound, leaf first. A stack of any depth
 * fits: past UNWIND_MAX the first UNWIND_TOP and the last UNWIND_BOTTOM
 * addresses are kept, with one ADDRESS_ELIDED between them.
 *
 *   list: [0 .. UNWIND_TOP) leaf end   [UNWIND_TOP] elided   root end
 */
#ifndef CPROF_UNWIND_UNWIND_LIST_H
#define CPROF_UNWIND_UNWIND_LIST_H

#include "unwind/unwind.h"

struct unwind_list {
    struct unwound *out;
    size_t ring_at;    /**< once full: where the next address goes */
    uint64_t total;    /**< addresses added */
    bool skip_unknown; /**< some were left out, how many is not known */
    bool full;         /**< the root end is kept as a ring */
};

/** Empties *out and begins to fill it; out is borrowed until _finish. */
struct unwind_list unwind_list_of(struct unwound *out);
/** @return the address as it is in the list now, to be marked at once */
struct address *unwind_list_add(struct unwind_list *l, uint64_t at,
                                enum address_kind kind);
/** The caller leaves addresses out here, at or past UNWIND_TOP.
 *  @param kind  ADDRESS_ELIDED or why C frames are missing */
void unwind_list_skip(struct unwind_list *l, enum address_kind kind);
/** Takes back what was added since `then` and `count` (out->count) were kept;
 *  then must not have been full, nor count past UNWIND_TOP. */
void unwind_list_back(struct unwind_list *l, const struct unwind_list *then,
                      size_t count);
/** How many addresses are still wanted before the middle is elided. */
size_t unwind_list_top_room(const struct unwind_list *l);
/** Puts the root end in order; the list is complete then. */
void unwind_list_finish(struct unwind_list *l);

#endif
