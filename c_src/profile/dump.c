#include "profile/dump.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"

int dump_create(struct dump **out)
{
    struct dump *d = calloc(1, sizeof(*d));
    if (!d)
        return -ENOMEM;
    index_init(&d->by_what);
    int err = profile_create(&d->profile);
    if (err) {
        dump_destroy(d);
        return err;
    }
    *out = d;
    return 0;
}

void dump_destroy(struct dump *d)
{
    if (!d)
        return;
    index_deinit(&d->by_what);
    profile_destroy(d->profile);
    free(d->groups);
    free(d->asked);
    free(d);
}

static bool is_same(const void *things, uint32_t id, const void *key)
{
    const struct dump_group *a = &((const struct dump_group *)things)[id];
    const struct dump_group *b = key;
    return a->state == b->state && a->stack == b->stack;
}

static int append(struct dump *d, const struct dump_group *g, uint64_t hash)
{
    int err = ARRAY_RESERVE(d->groups, d->cap, d->count + 1);
    if (!err)
        err = index_add(&d->by_what, hash, (uint32_t)d->count);
    if (!err)
        d->groups[d->count++] = *g;
    return err;
}

int dump_add(struct dump *d, const struct dump_group *more)
{
    uint64_t hash = hash_u64(more->state, more->stack);
    uint32_t at = index_find(&d->by_what, hash, is_same, d->groups, more);
    if (at == INDEX_NONE)
        return append(d, more, hash);
    struct dump_group *g = &d->groups[at];
    g->processes += more->processes;
    for (unsigned i = 0; i < more->member_count; i++)
        if (g->member_count < DUMP_MEMBERS)
            g->members[g->member_count++] = more->members[i];
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
    return (x->stack > y->stack) - (x->stack < y->stack);
}

void dump_sort(struct dump *d)
{
    if (d->count)
        qsort(d->groups, d->count, sizeof(d->groups[0]), by_size);
    index_deinit(&d->by_what); /* its ids are wrong after sorting */
}

uint64_t dump_in_state(const struct dump *d, enum procstate state)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < d->count; i++)
        if (d->groups[i].state == state)
            sum += d->groups[i].processes;
    return sum;
}

const char *dump_no_stack(const struct dump_group *g)
{
    if (g->stack != PROFILE_NONE)
        return NULL;
    switch (g->state) {
    case PROCSTATE_GC:
        return "no stack: a collection moves it";
    case PROCSTATE_EXITING:
        return "no stack: an exiting process gives it up";
    default:
        return "no stack: a running process changes it";
    }
}
