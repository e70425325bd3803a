#include "engine/alloc_words.h"

enum { WORD = 8 };

struct alloc_bytes alloc_words_bytes(const struct alloc_heap *h, bool dirty)
{
    struct alloc_bytes none = {0, 0};
    if (h->htop < h->heap || h->htop > h->hend || h->htop % WORD ||
        h->heap % WORD || h->high_water % WORD)
        return none;
    if (h->high_water < h->heap || h->high_water > h->hend)
        return (struct alloc_bytes){0, h->htop - h->heap};
    if (dirty || h->high_water > h->htop)
        return none;
    return (struct alloc_bytes){h->htop - h->high_water, WORD * h->fragments};
}
