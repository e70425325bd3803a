#include "profile/distinct.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/index.h"

void distinct_deinit(struct distinct *d)
{
    free(d->lowest);
    *d = (struct distinct){0};
}

/* Where a hash is, or would be. */
static uint32_t place_of(const struct distinct *d, uint64_t hash)
{
    uint32_t low = 0, high = d->len;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (d->lowest[middle] < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int distinct_add(struct distinct *d, uint64_t key)
{
    /* Hashed twice, because pids are close to each other, but hashes must be
     * spread evenly. */
    uint64_t hash = hash_u64(0, hash_u64(0, key));
    uint32_t at = place_of(d, hash);
    if (at < d->len && d->lowest[at] == hash)
        return 0;
    if (at == DISTINCT_EXACT)
        return 0;
    if (d->len == DISTINCT_EXACT) {
        d->len--; /* drops the highest */
    } else {
        int err = ARRAY_RESERVE(d->lowest, d->cap, d->len + 1);
        if (err)
            return err;
    }
    memmove(d->lowest + at + 1, d->lowest + at,
            (d->len - at) * sizeof(*d->lowest));
    d->lowest[at] = hash;
    d->len++;
    return 0;
}

/* If n hashes are spread evenly, the k-th lowest is at about k / n of the
 * range. */
uint64_t distinct_count(const struct distinct *d)
{
    if (d->len < DISTINCT_EXACT)
        return d->len;
    double share = (double)d->lowest[d->len - 1] / (double)UINT64_MAX;
    return (uint64_t)((DISTINCT_EXACT - 1) / share);
}
