#include "recorder/span_ahead.h"

#include <stdlib.h>

#include "base/array.h"

void span_ahead_deinit(struct span_ahead_pool *pool)
{
    free(pool->list);
    *pool = (struct span_ahead_pool){0};
}

static struct span_ahead_mark *mark_at(const struct span_ahead_pool *pool,
                                       uint32_t place)
{
    return &pool->list[place - 1];
}

static int new_place(struct span_ahead_pool *pool, uint32_t *place)
{
    *place = pool->free;
    if (*place) {
        pool->free = mark_at(pool, *place)->next;
        return 0;
    }
    int err = ARRAY_RESERVE(pool->list, pool->cap, pool->count + 1);
    if (!err)
        *place = ++pool->count;
    return err;
}

int span_ahead_put(struct span_ahead_pool *pool, struct span_ahead *a,
                   const struct span_ahead_mark *mark)
{
    uint32_t place;
    int err = new_place(pool, &place);
    if (err)
        return err;
    struct span_ahead_mark *m = mark_at(pool, place);
    *m = *mark;
    m->next = 0;
    if (a->first)
        mark_at(pool, a->last)->next = place;
    else
        a->first = place;
    a->last = place;
    return 0;
}

static void drop(struct span_ahead_pool *pool, struct span_ahead *a,
                 uint32_t before, uint32_t place)
{
    struct span_ahead_mark *m = mark_at(pool, place);
    if (before)
        mark_at(pool, before)->next = m->next;
    else
        a->first = m->next;
    if (a->last == place)
        a->last = before;
    m->next = pool->free;
    pool->free = place;
}

static bool is_same(const struct span_ahead_mark *a,
                    const struct span_ahead_mark *b)
{
    return a->what == b->what && a->name == b->name && a->number == b->number;
}

/* It is among the first ones: changes come in the order of times, which differs
 * from that of the marks only for spans that are marked when they end. */
void span_ahead_take(struct span_ahead_pool *pool, struct span_ahead *a,
                     const struct span_ahead_mark *mark)
{
    uint32_t before = 0, place = a->first;
    while (place && !is_same(mark_at(pool, place), mark)) {
        before = place;
        place = mark_at(pool, place)->next;
    }
    if (place)
        drop(pool, a, before, place);
}

void span_ahead_clear(struct span_ahead_pool *pool, struct span_ahead *a)
{
    while (a->first)
        drop(pool, a, 0, a->first);
}

bool span_ahead_ends(const struct span_ahead_pool *pool,
                     const struct span_ahead *a, uint32_t name, uint32_t number)
{
    uint32_t place = a->first;
    for (int i = 0; place && i < SPAN_AHEAD_LOOK; i++) {
        const struct span_ahead_mark *m = mark_at(pool, place);
        if (m->what != SPAN_CHILD && m->name == name && m->number == number)
            return m->what != SPAN_START;
        place = m->next;
    }
    return false;
}
