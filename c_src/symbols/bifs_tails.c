#include "symbols/bifs_tails.h"

enum { MAX_JUMPS = 16 };

void bifs_tails_init(struct bifs_tails *t)
{
    *t = (struct bifs_tails){0};
    intern_init(&t->list, sizeof(struct bifs_tail), sizeof(uint64_t));
}

void bifs_tails_deinit(struct bifs_tails *t)
{
    intern_deinit(&t->list);
}

static struct bifs_tail *tail_at(const struct bifs_tails *t, uint32_t id)
{
    return &((struct bifs_tail *)t->list.rows)[id];
}

static void add(struct bifs_tails *t, uint64_t start, uint32_t from)
{
    int64_t id = intern_row(&t->list, &(struct bifs_tail){start, from});
    if (id < 0)
        return; /* no memory: the name is only missing */
    struct bifs_tail *tail = tail_at(t, (uint32_t)id);
    if (tail->from != from)
        tail->from = INDEX_NONE;
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
    uint32_t id = intern_find(&t->list, &start);
    if (id == INDEX_NONE || tail_at(t, id)->from == INDEX_NONE)
        return NULL;
    struct bifs_entry *entry = bifs_entry(b, tail_at(t, id)->from);
    return entry->name ? entry : NULL;
}
