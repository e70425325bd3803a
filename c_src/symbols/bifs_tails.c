#include "symbols/bifs_tails.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"

enum { MAX_JUMPS = 16 };

void bifs_tails_deinit(struct bifs_tails *t)
{
    index_deinit(&t->index);
    free(t->list);
    *t = (struct bifs_tails){0};
}

static bool same_start(const void *things, uint32_t id, const void *key)
{
    return ((const struct bifs_tail *)things)[id].start ==
           *(const uint64_t *)key;
}

static uint32_t find(const struct bifs_tails *t, uint64_t start)
{
    return index_find(&t->index, hash_u64(0, start), same_start, t->list,
                      &start);
}

static int append(struct bifs_tails *t, const struct bifs_tail *tail)
{
    int err = ARRAY_RESERVE(t->list, t->cap, t->count + 1);
    if (err)
        return err;
    err = index_add(&t->index, hash_u64(0, tail->start), t->count);
    if (!err)
        t->list[t->count++] = *tail;
    return err;
}

static void add(struct bifs_tails *t, uint64_t start, uint32_t from)
{
    uint32_t id = find(t, start);
    if (id != INDEX_NONE) {
        if (t->list[id].from != from)
            t->list[id].from = INDEX_NONE;
        return;
    }
    /* Without memory, the name is only missing. */
    (void)!append(t, &(struct bifs_tail){start, from});
}

static void learn(struct bifs_tails *t, const struct bifs *b,
                  struct symbols_native *native)
{
    for (; t->known < bifs_count(b); t->known++) {
        uint64_t starts[MAX_JUMPS];
        size_t count = symbols_native_jumps(
            native, bifs_entry(b, t->known)->target, starts, MAX_JUMPS);
        for (size_t i = 0; i < count; i++)
            add(t, starts[i], t->known);
    }
}

struct bifs_entry *bifs_tails_find(struct bifs_tails *t, const struct bifs *b,
                                   struct symbols_native *native,
                                   uint64_t start)
{
    learn(t, b, native);
    uint32_t id = find(t, start);
    if (id == INDEX_NONE || t->list[id].from == INDEX_NONE)
        return NULL;
    struct bifs_entry *entry = bifs_entry(b, t->list[id].from);
    return entry->name ? entry : NULL;
}
