/**
 * @file unwind_list.h
 * Appends addresses to a struct unwound, leaf first. A stack of any depth fits:
 * if there are more than UNWIND_MAX addresses, the first UNWIND_TOP and the
 * last UNWIND_BOTTOM are kept, with one ADDRESS_ELIDED between them.
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
    bool skip_unknown; /**< an unknown number of addresses was left out */
    bool full;         /**< the root end is kept as a ring */
};

/** Empties *out; it is borrowed until unwind_list_finish. */
struct unwind_list unwind_list_of(struct unwound *out);
/** Appends an address.
 *  @return its place in the list, valid until the next call */
struct address *unwind_list_add(struct unwind_list *l, uint64_t at,
                                enum address_kind kind);
/** Marks a place where the caller leaves out addresses.
 *  @param kind  ADDRESS_ELIDED, or the reason why C frames are missing */
void unwind_list_skip(struct unwind_list *l, enum address_kind kind);
/** Undoes everything since `then` (a copy of *l) and `count` (out->count) were
 *  noted. `then` must not be full, and count at most UNWIND_TOP. */
void unwind_list_back(struct unwind_list *l, const struct unwind_list *then,
                      size_t count);
/** The number of addresses that the leaf end still has room for. */
size_t unwind_list_top_room(const struct unwind_list *l);
/** Puts the root end in order. To be called at the end. */
void unwind_list_finish(struct unwind_list *l);

#endif
