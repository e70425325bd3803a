#include "recorder/span_workers.h"

#include <string.h>

#include "base/array.h"
#include "base/index.h"

#define NONE SPAN_WORKERS_NONE

void span_workers_init(struct span_workers *t)
{
    *t = (struct span_workers){.free = NONE};
    memset(t->buckets, 0xff, sizeof(t->buckets));
}

void span_workers_deinit(struct span_workers *t)
{
    free(t->list);
    t->list = NULL;
}

static uint32_t bucket_of(uint64_t pid)
{
    return hash_u64(0, pid) & (SPAN_WORKERS_BUCKETS - 1);
}

uint32_t span_workers_find(const struct span_workers *t, uint64_t pid)
{
    uint32_t at = t->buckets[bucket_of(pid)];
    while (at != NONE && t->list[at].pid != pid)
        at = t->list[at].next;
    return at;
}

static int take_place(struct span_workers *t, uint32_t *at)
{
    *at = t->free;
    if (*at != NONE) {
        t->free = t->list[*at].next;
        return 0;
    }
    int err = ARRAY_RESERVE(t->list, t->cap, t->count + 1);
    if (!err)
        *at = t->count++;
    return err;
}

int span_workers_get(struct span_workers *t, uint64_t pid,
                     struct span_worker **out)
{
    uint32_t at = span_workers_find(t, pid);
    *out = NULL;
    if (at == NONE && t->used == SPAN_WORKERS_MAX)
        return 0;
    if (at == NONE) {
        int err = take_place(t, &at);
        if (err)
            return err;
        uint32_t *first = &t->buckets[bucket_of(pid)];
        t->list[at] =
            (struct span_worker){.pid = pid, .innermost = NONE, .next = *first};
        *first = at;
        t->used++;
    }
    *out = &t->list[at];
    return 0;
}

void span_workers_remove(struct span_workers *t, struct span_worker *w)
{
    uint32_t at = (uint32_t)(w - t->list),
             *link = &t->buckets[bucket_of(w->pid)];
    while (*link != at)
        link = &t->list[*link].next;
    *link = w->next;
    *w = (struct span_worker){.next = t->free};
    t->free = at;
    t->used--;
}
