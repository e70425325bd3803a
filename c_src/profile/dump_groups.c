#include "profile/dump_groups.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/array.h"

void dump_groups_init(struct dump_groups *g)
{
    *g = (struct dump_groups){.count = 0};
    index_init(&g->by_what);
}

void dump_groups_deinit(struct dump_groups *g)
{
    index_deinit(&g->by_what);
    free(g->list);
    *g = (struct dump_groups){.count = 0};
}

static bool is_same(const void *things, uint32_t id, const void *key)
{
    const struct dump_group *a = &((const struct dump_group *)things)[id];
    const struct dump_group *b = key;
    return a->state == b->state && a->stack == b->stack &&
           a->initial_call == b->initial_call;
}

static int append(struct dump_groups *g, const struct dump_group *one,
                  uint64_t hash)
{
    int err = ARRAY_RESERVE(g->list, g->cap, g->count + 1);
    if (!err)
        err = index_add(&g->by_what, hash, (uint32_t)g->count);
    if (!err)
        g->list[g->count++] = *one;
    return err;
}

int dump_groups_add(struct dump_groups *g, const struct dump_group *more)
{
    uint64_t hash =
        hash_u64(hash_u64(more->state, more->initial_call), more->stack);
    uint32_t at = index_find(&g->by_what, hash, is_same, g->list, more);
    if (at == INDEX_NONE)
        return append(g, more, hash);
    struct dump_group *group = &g->list[at];
    group->processes += more->processes;
    for (unsigned i = 0; i < more->member_count; i++)
        if (group->member_count < DUMP_MEMBERS)
            group->members[group->member_count++] = more->members[i];
    return 0;
}

/* Groups of equal size are sorted by state and stack, so that two dumps of a
 * node at rest look the same. */
static int by_size(const void *a, const void *b)
{
    const struct dump_group *x = a, *y = b;
    if (x->processes != y->processes)
        return x->processes < y->processes ? 1 : -1;
    if (x->state != y->state)
        return x->state < y->state ? -1 : 1;
    if (x->stack != y->stack)
        return x->stack < y->stack ? -1 : 1;
    return (x->initial_call > y->initial_call) -
           (x->initial_call < y->initial_call);
}

void dump_groups_sort(struct dump_groups *g)
{
    if (g->count)
        qsort(g->list, g->count, sizeof(g->list[0]), by_size);
    index_deinit(&g->by_what); /* its ids are wrong after sorting */
}

uint64_t dump_groups_others(const struct dump_groups *g, size_t listed)
{
    uint64_t others = 0;
    for (size_t i = listed; i < g->count; i++)
        others += g->list[i].processes;
    return others;
}
