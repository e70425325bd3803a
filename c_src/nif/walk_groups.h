/**
 * @file walk_groups.h
 * Groups the waiting processes by where they wait: the code address where they
 * will continue, and their initial call. A hundred thousand processes form some
 * thirty groups, so a table of fixed size is enough; processes for which it has
 * no room are counted.
 */
#ifndef CPROF_NIF_WALK_GROUPS_H
#define CPROF_NIF_WALK_GROUPS_H

#include <stdint.h>

enum { WALK_GROUPS_ROOM = 4096, WALK_GROUP_SAMPLES = 8 };

struct walk_group_key {
    uint64_t pc, module, function, arity;
};

struct walk_group {
    struct walk_group_key key;
    uint32_t count;
    uint32_t samples;
    uint64_t pids[WALK_GROUP_SAMPLES]; /**< chosen at random */
};

struct walk_groups {
    uint64_t missed;
    uint64_t random;                           /**< any seed */
    struct walk_group table[WALK_GROUPS_ROOM]; /**< count 0: free */
};

void walk_groups_add(struct walk_groups *g, const struct walk_group_key *key,
                     uint64_t pid);

#endif
