#include "nif/walk_groups.h"

#include <string.h>

#include "base/random.h"

enum { PROBES = 32 };

static uint32_t hash(const struct walk_group_key *k)
{
    uint64_t h = k->pc * 0x9e3779b97f4a7c15u;
    h = (h ^ (h >> 29) ^ k->module) * 0xbf58476d1ce4e5b9u;
    h = (h ^ (h >> 32) ^ k->function ^ k->arity) * 0x94d049bb133111ebu;
    return (uint32_t)(h >> 40);
}

/* Each process of the group is in the sample with the same probability
 * (reservoir sampling): what is asked of the sample then holds for the group.
 */
static void sample(struct walk_groups *g, struct walk_group *group,
                   uint64_t pid)
{
    uint64_t at = group->samples;
    if (at < WALK_GROUP_SAMPLES)
        group->samples++;
    else
        at = (random_next(&g->random) >> 32) * group->count >> 32;
    if (at < WALK_GROUP_SAMPLES)
        group->pids[at] = pid;
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
        sample(g, group, pid);
        return;
    }
    g->missed++;
}
