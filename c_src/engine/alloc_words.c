#include "engine/alloc_words.h"

enum { WORD = 8 };

static bool fits(const struct alloc_heap *h)
{
    return h->htop >= h->heap && h->htop <= h->hend && h->htop % WORD == 0 &&
           h->heap % WORD == 0 && h->high_water % WORD == 0;
}

struct alloc_bytes alloc_words_bytes(const struct alloc_heap *h, bool dirty)
{
    struct alloc_bytes none = {0, 0};
    if (!fits(h))
        return none;
    if (h->high_water < h->heap || h->high_water > h->hend)
        return (struct alloc_bytes){0, h->htop - h->heap};
    if (dirty || h->high_water > h->htop)
        return none;
    return (struct alloc_bytes){h->htop - h->high_water, WORD * h->fragments};
}

struct alloc_left alloc_words_left(const struct alloc_heap *h, bool dirty)
{
    const struct alloc_left unknown = {.known = false};
    if (dirty || !fits(h) || h->high_water < h->heap ||
        h->high_water > h->htop || h->old_hend < h->old_heap)
        return unknown;
    return (struct alloc_left){.known = true,
                               .by_minor = h->old_heap != 0,
                               .survived =
                                   h->old_heap ? h->high_water - h->heap : 0,
                               .size = h->hend - h->heap + h->old_hend -
                                       h->old_heap + WORD * h->fragments};
}
