#include "base/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

void index_init(struct index *x)
{
    *x = (struct index){0};
}

void index_deinit(struct index *x)
{
    free(x->slots);
    index_init(x);
}

/* The first slot to look at. The hash is multiplied by a secret, made of random
 * bytes that the kernel gives to every process. Otherwise somebody who chooses
 * the keys, such as the writer of a file, could choose keys that all fall on
 * the same slot. */
static uint32_t place_of(const struct index *x, uint64_t hash)
{
    static uint64_t secret;
    if (!secret) {
        uint64_t random = 0;
        const void *bytes = (const void *)getauxval(AT_RANDOM);
        if (bytes)
            memcpy(&random, bytes, sizeof(random));
        secret = random | 1;
    }
    return (uint32_t)((hash * secret) >> 32) & (x->cap - 1);
}

uint32_t index_find(const struct index *x, uint64_t hash, index_equal *equal,
                    const void *things, const void *key)
{
    if (x->cap == 0)
        return INDEX_NONE;
    for (uint32_t i = place_of(x, hash);; i = (i + 1) & (x->cap - 1)) {
        const struct index_slot *slot = &x->slots[i];
        if (slot->id == INDEX_NONE)
            return INDEX_NONE;
        if (slot->hash == hash && equal(things, slot->id, key))
            return slot->id;
    }
}

static void put(struct index *x, uint64_t hash, uint32_t id)
{
    uint32_t i = place_of(x, hash);
    while (x->slots[i].id != INDEX_NONE)
        i = (i + 1) & (x->cap - 1);
    x->slots[i] = (struct index_slot){hash, id};
    x->used++;
}

static int double_slots(struct index *x)
{
    struct index bigger = {.cap = x->cap ? x->cap * 2 : 64};
    bigger.slots = malloc(bigger.cap * sizeof(*bigger.slots));
    if (bigger.cap == 0 || !bigger.slots)
        return -ENOMEM;
    for (uint32_t i = 0; i < bigger.cap; i++)
        bigger.slots[i].id = INDEX_NONE;
    for (uint32_t i = 0; i < x->cap; i++)
        if (x->slots[i].id != INDEX_NONE)
            put(&bigger, x->slots[i].hash, x->slots[i].id);
    free(x->slots);
    *x = bigger;
    return 0;
}

int index_add(struct index *x, uint64_t hash, uint32_t id)
{
    if (x->used >= x->cap / 4 * 3) {
        int err = double_slots(x);
        if (err)
            return err;
    }
    put(x, hash, id);
    return 0;
}

uint64_t hash_u64(uint64_t seed, uint64_t value)
{
    uint64_t h = (seed ^ value) * 0x9e3779b97f4a7c15ull;
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93ull;
    return h ^ (h >> 32);
}

uint64_t hash_bytes(const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    uint64_t h = 0xcbf29ce484222325ull; /* FNV-1a, then mixed once more */
    for (size_t i = 0; i < len; i++)
        h = (h ^ at[i]) * 0x100000001b3ull;
    return hash_u64(len, h);
}
