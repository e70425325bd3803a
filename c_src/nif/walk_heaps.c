#include "nif/walk_heaps.h"

#include "base/procstate.h"
#include "base/random.h"

#define HIGHEST 0x1p62 /* priority */

void walk_heaps_init(struct walk_heaps *hs, uint32_t top, uint64_t random)
{
    hs->random = random;
    largest_init(&hs->unused, top);
    largest_init(&hs->pinned, top);
    for (unsigned i = 0; i < WALK_SAMPLES; i++)
        largest_init(&hs->samples[i], LARGEST_ROOM);
}

void walk_heaps_sort(struct walk_heaps *hs)
{
    largest_sort(&hs->unused);
    largest_sort(&hs->pinned);
    for (unsigned i = 0; i < WALK_SAMPLES; i++)
        largest_sort(&hs->samples[i]);
}

/* --- one heap ------------------------------------------------------------- */

static bool are_ends_known(const struct walk_layout *l)
{
    return l->heap && l->high_water && l->htop && l->stop && l->hend &&
           l->old_htop;
}

bool walk_heap_read(const struct walk_layout *l, uint64_t process,
                    struct walk_heap *h)
{
    if (!are_ends_known(l))
        return false;
    uint64_t heap = walk_word(process, l->heap);
    uint64_t high = walk_word(process, l->high_water);
    uint64_t htop = walk_word(process, l->htop);
    uint64_t stop = walk_word(process, l->stop);
    uint64_t hend = walk_word(process, l->hend);
    uint64_t old = walk_word(process, l->old_heap);
    uint64_t old_htop = walk_word(process, l->old_htop);
    uint64_t old_hend = walk_word(process, l->old_hend);
    if (heap > high || high > htop || htop > stop || stop > hend ||
        old > old_htop || old_htop > old_hend ||
        (hend - heap) / 8 != walk_word(process, l->heap_size))
        return false;
    *h = (struct walk_heap){.young = (htop - heap) / 8,
                            .stack = (hend - stop) / 8,
                            .young_free = (stop - htop) / 8,
                            .old = (old_htop - old) / 8,
                            .old_free = (old_hend - old_htop) / 8,
                            .live = (high - heap + old_htop - old) / 8};
    return true;
}

/* --- sums ----------------------------------------------------------------- */

static void put(struct largest *list, uint64_t key, uint64_t id, uint64_t more)
{
    if (largest_wants(list, key))
        largest_add(
            list, &(struct largest_row){.key = key, .id = id, .more = {more}});
}

static void add_heap(struct walk_heaps *hs, const struct walk_heap *h,
                     uint64_t id)
{
    uint64_t unused = h->young_free + h->old_free;
    uint64_t all = h->young + h->stack + h->old + unused;
    uint64_t tenth = all ? WALK_FILLS * (all - unused) / all : 0;
    uint64_t fill = tenth < WALK_FILLS ? tenth : WALK_FILLS - 1;
    hs->count++;
    hs->sum.young += h->young;
    hs->sum.stack += h->stack;
    hs->sum.young_free += h->young_free;
    hs->sum.old += h->old;
    hs->sum.old_free += h->old_free;
    hs->sum.live += h->live;
    hs->fill_counts[fill]++;
    hs->fill_words[fill] += all;
    put(&hs->unused, unused, id, all);
}

static void add_to_sample(struct walk_heaps *hs,
                          const struct procsums_process *f)
{
    uint64_t bits = random_next(&hs->random);
    double u = (double)((bits >> 11) + 1) * 0x1p-53;
    double priority = (double)f->heap_words * WALK_PRIORITY_UNIT / u;
    uint64_t which = random_next(&hs->random) >> 32;
    put(&hs->samples[which % WALK_SAMPLES],
        (uint64_t)(priority < HIGHEST ? priority : HIGHEST), f->id,
        f->heap_words);
}

/* Read again, after the sum that it is a part of: at most that. */
static uint64_t part(uint64_t process, uint32_t offset, uint64_t sum)
{
    uint64_t words = walk_word(process, offset);
    return words < sum ? words : sum;
}

void walk_heaps_add(struct walk_heaps *hs, const struct walk_layout *l,
                    uint64_t process, uint32_t state,
                    const struct procsums_process *f)
{
    struct walk_heap h;
    uint64_t vheap_old = part(process, l->vheap_old, f->vheap_words);
    hs->fragments += part(process, l->fragments, f->heap_words);
    hs->vheap_old += vheap_old;
    if (state & PROCSTATE_FLAG_OFF_HEAP_MESSAGES)
        hs->off_heap_messages += f->queue;
    put(&hs->pinned, vheap_old, f->id, f->vheap_words);
    add_to_sample(hs, f);
    if (walk_heap_read(l, process, &h))
        add_heap(hs, &h, f->id);
    else
        hs->unread++;
}
