/**
 * @file garbage.h
 * What processes allocate and keep, in a recording of the event alloc: a row
 * for all processes with the same name. This is computed from a profile alone,
 * so also from a saved and filtered one.
 */
#ifndef CPROF_PROFILE_GARBAGE_H
#define CPROF_PROFILE_GARBAGE_H

#include "base/err.h"
#include "profile/process_names.h"
#include "profile/profile.h"

struct garbage_row {
    uint32_t process;   /**< the one that allocated most */
    uint64_t processes; /**< how many processes the row stands for */
    bool together;      /**< for several processes; false: for one */
    uint64_t allocated; /**< bytes that were new on their heaps */
    uint64_t collections;
    uint64_t minor;    /**< of these, before which a minor one took place: */
    uint64_t survived; /**< bytes of what was new then that those kept. What
                            others kept of what was new is not known */
    uint64_t grown, shrunk; /**< bytes: between the first and the last
                                 collection of each process that was sampled,
                                 the heaps have grown by grown - shrunk */
};

struct garbage {
    struct process_names names;
    struct garbage_row *rows; /**< sorted by allocated */
    size_t count;
    uint64_t allocated; /**< of all processes */
};

/** 0, -ENOMEM or -E_LIMIT; deinit in any case. Empty unless the profile is of
 *  the event alloc. Ids are those of p. */
MUST_USE int garbage_find(const struct profile *p, struct garbage *out);
void garbage_deinit(struct garbage *g);
/** The name of the row's processes; "" if nothing is known about them. */
const char *garbage_name(const struct garbage *g,
                         const struct garbage_row *row);
/** Bytes by which the heaps of the row have grown; below 0: have shrunk. */
int64_t garbage_growth(const struct garbage_row *row);

#endif
