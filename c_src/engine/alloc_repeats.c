#include "engine/alloc_repeats.h"

#include "base/minus.h"

/* Structs of processes are hundreds of bytes apart. */
static uint64_t place_of(uint64_t process)
{
    enum { APART_BITS = 6, MIXED_BITS = 13 };
    return (process >> APART_BITS ^ process >> MIXED_BITS) % ALLOC_REPEATS;
}

bool alloc_repeats_take(struct alloc_repeats *r, uint64_t window,
                        struct alloc_collection *c, struct sample *s)
{
    uint64_t process = s->process.c_p, all = s->binary_bytes;
    struct alloc_repeat *at = &r->list[place_of(process)];
    const struct alloc_heap *last = &at->heap, *heap = &c->heap;
    bool is_one =
        process && at->process == process && at->window == window &&
        last->heap == heap->heap && last->high_water == heap->high_water &&
        last->htop <= heap->htop && last->fragments <= heap->fragments;
    if (is_one) {
        c->bytes.block =
            minus_capped(c->bytes.block, last->htop - last->high_water);
        c->bytes.beside =
            minus_capped(c->bytes.beside, sizeof(uint64_t) * last->fragments);
        c->left.known = false;
        s->binary_bytes = minus_capped(all, at->binary);
    }
    *at = (struct alloc_repeat){process, window, *heap, all};
    return is_one;
}
