#include "engine/alloc_collection.h"

#include "base/random.h"

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
    if (!s->process.c_p)
        return c;
    c.bytes = alloc_words_bytes(&c.heap, dirty);
    c.left = alloc_words_left(&c.heap, dirty);
    return c;
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
