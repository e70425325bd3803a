#include "nif/walk_groups.h"

#include <string.h>

enum { PROBES = 32 };

static uint32_t hash(const struct walk_group_key *k)
{
    uint64_t h = k->pc * 0x9e3779b97f4a7c15u;
    h = (h ^ (h >> 29) ^ k->module) * 0xbf58476d1ce4e5b9u;
    h = (h ^ (h >> 32) ^ k->function ^ k->arity) * 0x94d049bb133111ebu;
    return (uint32_t)(h >> 40);
}

void walk_groups_add(struct walk_groups *g, const struct walk_group_key *key,
                     uint64_t pid)
{
    uint32_t at = hash(key);
    for (unsigned probe = 0; probe < PROBES; probe++, at++) {
        struct walk_group *group = &g->table[at % WALK_GROUPS_ROOM];
        if (group->count == 0)
            group->key = *key;
        else if (memcmp(&group->key, key, sizeof(*key)) != 0)
            continue;
        group->count++;
        if (group->samples < WALK_GROUP_SAMPLES)
            group->pids[group->samples++] = pid;
        return;
    }
    g->missed++;
}
