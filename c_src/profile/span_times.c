#include "profile/span_times.h"

#include <stddef.h>

#include "base/add.h"

enum { BITS = 5, STEPS = 1 << BITS }; /* buckets of each doubling */

void span_times_init(struct span_times *t)
{
    intern_init(&t->totals, sizeof(struct span_total),
                offsetof(struct span_total, unused));
    intern_init(&t->durations, sizeof(struct span_duration),
                offsetof(struct span_duration, count));
}

void span_times_deinit(struct span_times *t)
{
    intern_deinit(&t->totals);
    intern_deinit(&t->durations);
}

/* Up to 31 ns each duration has a bucket of its own. */
uint32_t span_times_bucket(uint64_t ns)
{
    if (ns < STEPS)
        return (uint32_t)ns;
    unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - BITS;
    return (shift + 1) * STEPS + ((uint32_t)(ns >> shift) & (STEPS - 1));
}

uint64_t span_times_middle(uint32_t bucket)
{
    if (bucket < STEPS)
        return bucket;
    unsigned shift = bucket / STEPS - 1;
    uint64_t first = (uint64_t)(STEPS + bucket % STEPS) << shift;
    return first + ((1ull << shift) - 1) / 2;
}

int span_times_add(struct span_times *t, const struct span_total *total)
{
    int64_t id =
        intern_row(&t->totals, &(struct span_total){.span = total->span});
    if (id < 0)
        return (int)id;
    struct span_total *sum = (struct span_total *)t->totals.rows + id;
    add_capped(&sum->ended, total->ended);
    add_capped(&sum->ns, total->ns);
    add_capped(&sum->cut, total->cut);
    return 0;
}

int span_times_add_durations(struct span_times *t, uint32_t span,
                             uint32_t bucket, uint64_t count)
{
    if (bucket >= SPAN_BUCKETS)
        return -E_FORMAT;
    int64_t id =
        intern_row(&t->durations, &(struct span_duration){span, bucket, 0});
    if (id < 0)
        return (int)id;
    add_capped(&((struct span_duration *)t->durations.rows)[id].count, count);
    return 0;
}

int span_times_compare(const void *a, const void *b)
{
    const struct span_duration *x = a, *y = b;
    if (x->span != y->span)
        return x->span < y->span ? -1 : 1;
    return (x->bucket > y->bucket) - (x->bucket < y->bucket);
}

int span_times_ended(struct span_times *t, uint32_t span, uint64_t ns)
{
    int err = span_times_add_durations(t, span, span_times_bucket(ns), 1);
    return err ? err
               : span_times_add(t, &(struct span_total){
                                       .span = span, .ended = 1, .ns = ns});
}

struct span_total span_times_of(const struct span_times *t, uint32_t span)
{
    uint32_t id = intern_find(&t->totals, &span);
    return id == INDEX_NONE ? (struct span_total){.span = span}
                            : ((const struct span_total *)t->totals.rows)[id];
}
