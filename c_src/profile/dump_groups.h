/**
 * @file dump_groups.h
 * Processes that were read at one moment and do the same, as groups: in a dump
 * those in the same state with the same stack, in a snapshot those that wait at
 * the same place and began in the same way. All ids are of the dump's profile.
 */
#ifndef CPROF_PROFILE_DUMP_GROUPS_H
#define CPROF_PROFILE_DUMP_GROUPS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/index.h"
#include "base/procstate.h"

/** How many processes of a group are listed by name or pid. */
enum { DUMP_MEMBERS = 3 };

struct dump_member {
    uint32_t pid;     /**< string */
    uint32_t process; /**< what is known about it; many of a kind share one row
                           (crowd.h) */
};

struct dump_group {
    enum procstate state;
    uint32_t stack;        /**< PROFILE_NONE: no reliable stack */
    uint32_t initial_call; /**< string, in a snapshot; "": those that are listed
                                have several */
    uint64_t processes;
    struct dump_member members[DUMP_MEMBERS]; /**< some of them */
    unsigned member_count;
};

struct dump_groups {
    struct dump_group *list;
    size_t count, cap;
    struct index by_what; /* by state, stack and initial call; empty once
                             sorted */
};

void dump_groups_init(struct dump_groups *g);
void dump_groups_deinit(struct dump_groups *g);
/** Adds processes to the group that has all of that in common, and lists as
 *  many of the members as there is room for. 0, -ENOMEM or -E_LIMIT. */
MUST_USE int dump_groups_add(struct dump_groups *g,
                             const struct dump_group *more);
/** Sorts the groups, the biggest first. Nothing may be added after that. */
void dump_groups_sort(struct dump_groups *g);
/** The processes in all groups but the first `listed` ones. */
uint64_t dump_groups_others(const struct dump_groups *g, size_t listed);

#endif
