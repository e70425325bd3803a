#include "engine/ptrace_holds.h"

/* Times below 8 have one bucket each; above, the highest four bits decide. */
static unsigned bucket_of(uint64_t ns)
{
    if (ns < 8)
        return (unsigned)ns;
    unsigned shift = 63 - 3 - (unsigned)__builtin_clzll(ns);
    return (shift + 1) * 8 + (unsigned)(ns >> shift & 7);
}

static uint64_t last_of(unsigned bucket)
{
    if (bucket < 8)
        return bucket;
    unsigned shift = bucket / 8 - 1;
    return ((uint64_t)(8 + bucket % 8 + 1) << shift) - 1;
}

void ptrace_holds_add(struct ptrace_holds *h, uint64_t ns)
{
    h->count++;
    h->buckets[bucket_of(ns)]++;
    if (ns > h->max_ns)
        h->max_ns = ns;
}

uint64_t ptrace_holds_at(const struct ptrace_holds *h, unsigned per_mille)
{
    uint64_t seen = 0, wanted = (h->count * per_mille + 999) / 1000;
    for (unsigned i = 0; i < PTRACE_HOLDS_BUCKETS && h->count; i++) {
        seen += h->buckets[i];
        if (seen >= wanted && seen)
            return last_of(i) < h->max_ns ? last_of(i) : h->max_ns;
    }
    return h->max_ns;
}
