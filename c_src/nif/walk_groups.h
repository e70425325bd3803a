/**
 * @file walk_groups.h
 * Waiting processes by where they wait: the code address they go on at and
 * their initial call. A hundred thousand processes make some thirty groups, so
 * a bounded table will do; what finds no room is counted.
 */
#ifndef CPROF_NIF_WALK_GROUPS_H
#define CPROF_NIF_WALK_GROUPS_H

#include <stdint.h>

enum { GROUPS_ROOM = 4096, GROUP_SAMPLES = 3 };

struct group_key {
    uint64_t pc, module, function, arity;
};

struct group {
    struct group_key key;
    uint32_t count;
    uint32_t samples;
    uint64_t pids[GROUP_SAMPLES];
};

struct groups {
    uint64_t missed;
    struct group table[GROUPS_ROOM]; /**< count 0: free */
};

void groups_add(struct groups *g, const struct group_key *key, uint64_t pid);

#endif
