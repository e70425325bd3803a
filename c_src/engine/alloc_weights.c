#include "engine/alloc_weights.h"

#include <math.h>

/* Shares of nodes whose allocation was known were off by 1.4 times as much as
 * those of independent samples would be (docs/alloc.md), so their squares by
 * twice as much. */
enum { SPREAD = 2 };

bool alloc_weights_add(struct alloc_weights *w, struct alloc_charged *of,
                       double heap)
{
    bool first = !of->any;
    w->samples += first;
    w->heap += heap;
    w->heap_squared += heap * (heap + 2 * of->heap);
    of->heap += heap;
    of->any = true;
    return first;
}

/* The variance of a share is 1 / 4n at most, if there are n equal samples.
 * Bytes that are lacking in the sum change each share by their part of it at
 * most. */
uint64_t alloc_weights_effective(const struct alloc_weights *w,
                                 double long_error)
{
    if (w->heap_squared <= 0)
        return 0;
    double single = SPREAD * w->heap_squared / (w->heap * w->heap);
    return (uint64_t)llround(1 / (single + 4 * long_error * long_error));
}
