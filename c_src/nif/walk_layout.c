#include "nif/walk_layout.h"

#include "nif/process_table.h"

static bool fits(uint32_t offset, uint32_t bytes, uint32_t size)
{
    return offset % (bytes < 8 ? 4 : 8) == 0 && bytes <= size &&
           offset <= size - bytes;
}

bool walk_layout_fits(const struct walk_layout *l, uint32_t size)
{
    const uint32_t words[] = {l->queue,     l->queue_outer, l->queue_middle,
                              l->signals,   l->heap_size,   l->old_hend,
                              l->old_heap,  l->fragments,   l->vheap,
                              l->vheap_old, l->reductions,  l->pc,
                              l->heap,      l->high_water,  l->htop,
                              l->stop,      l->hend,        l->old_htop};
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (!fits(words[i], 8, size))
            return false;
    return fits(l->state, 4, size) && fits(l->locks, 4, size) &&
           fits(l->initial, 24, size) &&
           fits(l->created, 4, TABLE_BEFORE + TABLE_AFTER);
}
