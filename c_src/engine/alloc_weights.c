#include "engine/alloc_weights.h"

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

uint64_t alloc_weights_effective(const struct alloc_weights *w)
{
    return w->heap_squared > 0
               ? (uint64_t)(w->heap * w->heap / w->heap_squared / SPREAD)
               : 0;
}
