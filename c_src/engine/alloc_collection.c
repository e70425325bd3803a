#include "engine/alloc_collection.h"

#include "base/procstate.h"
#include "base/random.h"

enum { WORD = 8 };

static bool fits(uint32_t offset, uint32_t head_bytes)
{
    return offset % 8 == 0 && offset + 8 <= head_bytes;
}

int alloc_collection_fields(const struct collector_fields *at,
                            const struct layout *l, struct bpf_collector *out)
{
    uint32_t bytes = l->process_bytes, state = l->offset[LAYOUT_STATE];
    if (!l->known[LAYOUT_STATE] || state % 4 || state + 4 > bytes ||
        bytes > BPF_HEAD_MAX || !fits(at->heap, bytes) ||
        !fits(at->high_water, bytes) || !fits(at->fragments, bytes) ||
        !fits(at->old_heap, bytes) || !fits(at->old_hend, bytes) ||
        !fits(at->off_heap, bytes) || !fits(at->newest_fragment, bytes))
        return -E_COLLECTOR;
    *out = (struct bpf_collector){.heap = at->heap,
                                  .high_water = at->high_water,
                                  .hend = l->offset[LAYOUT_HEND],
                                  .old_heap = at->old_heap,
                                  .old_hend = at->old_hend,
                                  .off_heap = at->off_heap,
                                  .newest_fragment = at->newest_fragment,
                                  .state = state,
                                  .collecting = PROCSTATE_FLAG_GC,
                                  .known = 1};
    return 0;
}

struct alloc_collection alloc_collection_read(const struct bpf_record *record,
                                              const struct collector_fields *at,
                                              const struct sample *s)
{
    struct alloc_collection c = {
        .heap = {.heap = bpf_sample_field(record, at->heap),
                 .htop = s->process.htop,
                 .hend = s->process.hend,
                 .high_water = bpf_sample_field(record, at->high_water),
                 .fragments = bpf_sample_field(record, at->fragments),
                 .old_heap = bpf_sample_field(record, at->old_heap),
                 .old_hend = bpf_sample_field(record, at->old_hend)}};
    bool dirty = record->flags & BPF_DIRTY;
    c.newest_fragment = record->newest_fragment;
    if (!s->process.c_p)
        return c;
    c.bytes = alloc_words_bytes(&c.heap, dirty);
    c.left = alloc_words_left(&c.heap, dirty);
    return c;
}

void alloc_collection_offer_block(const struct alloc_collection *c,
                                  double weight, struct alloc_picked *of)
{
    of->from = c->heap.high_water;
    of->to = c->heap.htop;
    of->fragments = 0;
    of->bytes = (double)c->bytes.block * weight;
}

void alloc_collection_offer_beside(const struct alloc_collection *c,
                                   const struct collector_fields *at,
                                   double weight, struct alloc_picked *of)
{
    uint64_t all = c->bytes.beside / WORD, newest = c->newest_fragment;
    of->from = of->owner + at->fragments;
    of->to = of->from + WORD;
    of->fragments = all < ALLOC_FRAGMENT_WORDS ? all : ALLOC_FRAGMENT_WORDS;
    if (newest > of->fragments && newest <= all)
        of->fragments = newest;
    of->bytes = (double)c->bytes.beside * weight;
}

/* A whole number that is x on average. */
static uint64_t rounded(double x, uint64_t *random)
{
    double part = random_unit(random);
    return (uint64_t)(x + part);
}

bool alloc_collection_sample(const struct alloc_collection *c, double weight,
                             uint64_t *random, struct sample *s)
{
    double filled = (double)c->bytes.block + (double)c->bytes.beside;
    if (!c->left.known && filled <= 0)
        return false;
    struct sample_collection said = {.filled =
                                         rounded(filled * weight, random)};
    if (c->left.known) {
        said.times = rounded(weight, random);
        said.minor = c->left.by_minor ? said.times : 0;
        said.survived = rounded((double)c->left.survived * weight, random);
        said.size = c->left.size;
    }
    s->of = SAMPLE_COLLECTION;
    s->collection = said;
    return true;
}
