#include "engine/alloc_pick.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/random.h"

void alloc_pick_init(struct alloc_pick *p, uint64_t seed)
{
    *p = (struct alloc_pick){.random = seed | 1};
}

void alloc_picked_deinit(struct alloc_picked *p)
{
    free(p->record);
    *p = (struct alloc_picked){.record = NULL};
}

void alloc_pick_deinit(struct alloc_pick *p)
{
    for (size_t i = 0; i < ALLOC_PICKS; i++)
        alloc_picked_deinit(&p->list[i]);
    alloc_picked_deinit(&p->returned);
}

static int keep(struct alloc_picked *to, const struct alloc_picked *of)
{
    int err = ARRAY_RESERVE(to->record, to->cap, of->len);
    if (err)
        return err;
    uint8_t *record = to->record;
    size_t cap = to->cap;
    *to = *of;
    to->record = memcpy(record, of->record, of->len);
    to->cap = cap;
    return 0;
}

/* True with that probability. */
static bool happens(struct alloc_pick *p, double probability)
{
    return random_unit(&p->random) < probability;
}

int alloc_pick_offer(struct alloc_pick *p, const struct alloc_picked *of)
{
    bool first = p->list[0].len == 0;
    int err = 0;
    p->all += of->bytes;
    for (size_t i = 0; i < ALLOC_PICKS && !err; i++)
        if (first || happens(p, of->bytes / p->all))
            err = keep(&p->list[i], of);
    return err;
}

bool alloc_pick_any(const struct alloc_pick *p)
{
    return p->list[0].len > 0;
}

static void swap(struct alloc_picked *a, struct alloc_picked *b)
{
    struct alloc_picked had = *a;
    *a = *b;
    *b = had;
}

void alloc_pick_return(struct alloc_pick *p, struct alloc_picked *of)
{
    double bytes = of->bytes + (p->returned.len ? p->returned.bytes : 0);
    if (happens(p, of->bytes / bytes))
        swap(&p->returned, of);
    p->returned.bytes = bytes;
    of->len = 0;
}

void alloc_pick_take(struct alloc_pick *p, struct alloc_picked to[ALLOC_PICKS])
{
    double returned = p->returned.len ? p->returned.bytes : 0;
    double bytes = (p->all + returned) / ALLOC_PICKS;
    if (!alloc_pick_any(p))
        return;
    for (size_t i = 0; i < ALLOC_PICKS; i++) {
        double waits = to[i].len ? to[i].bytes : 0;
        if (!happens(p, waits / (waits + bytes)))
            swap(&to[i], &p->list[i]);
        to[i].bytes = waits + bytes;
        p->list[i].len = 0;
    }
    p->all = 0;
    p->returned.len = 0;
}
