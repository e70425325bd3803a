#include "recorder/span_ahead.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/index.h"

void span_ahead_deinit(struct span_ahead *a)
{
    free(a->list);
    a->list = NULL;
}

static struct span_ahead_mark *mark_at(const struct span_ahead *a,
                                       uint32_t place)
{
    return &a->list[place - 1];
}

static uint32_t bucket_of(const struct span_ahead_mark *m)
{
    uint64_t kind = (uint64_t)m->name << 32 | m->number;
    return hash_u64(hash_u64(0, m->pid), kind) & (SPAN_AHEAD_BUCKETS - 1);
}

static bool is_of_one_span(const struct span_ahead_mark *a,
                           const struct span_ahead_mark *b)
{
    return a->pid == b->pid && a->name == b->name && a->number == b->number &&
           (a->what == SPAN_CHILD) == (b->what == SPAN_CHILD);
}

static int new_place(struct span_ahead *a, uint32_t *place)
{
    *place = a->free;
    if (*place) {
        a->free = mark_at(a, *place)->next;
        return 0;
    }
    int err = ARRAY_RESERVE(a->list, a->cap, a->count + 1);
    if (!err)
        *place = ++a->count;
    return err;
}

int span_ahead_put(struct span_ahead *a, const struct span_ahead_mark *mark)
{
    uint32_t place, bucket = bucket_of(mark);
    int err = new_place(a, &place);
    if (err)
        return err;
    *mark_at(a, place) = *mark;
    mark_at(a, place)->next = 0;
    if (a->first[bucket])
        mark_at(a, a->last[bucket])->next = place;
    else
        a->first[bucket] = place;
    a->last[bucket] = place;
    return 0;
}

bool span_ahead_take(struct span_ahead *a, const struct span_ahead_mark *mark)
{
    uint32_t bucket = bucket_of(mark), before = 0, place = a->first[bucket];
    while (place && !(is_of_one_span(mark_at(a, place), mark) &&
                      mark_at(a, place)->what == mark->what)) {
        before = place;
        place = mark_at(a, place)->next;
    }
    if (!place)
        return false;
    struct span_ahead_mark *m = mark_at(a, place);
    if (before)
        mark_at(a, before)->next = m->next;
    else
        a->first[bucket] = m->next;
    if (a->last[bucket] == place)
        a->last[bucket] = before;
    m->next = a->free;
    a->free = place;
    return true;
}

bool span_ahead_ends(const struct span_ahead *a,
                     const struct span_ahead_mark *of)
{
    uint32_t place = a->first[bucket_of(of)];
    while (place && !is_of_one_span(mark_at(a, place), of))
        place = mark_at(a, place)->next;
    return place && mark_at(a, place)->what != SPAN_START;
}
