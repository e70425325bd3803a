#include "unwind/cfi_cache.h"

#include <stdlib.h>

#include "base/index.h"

/* Leaves are at thousands of different instructions, return addresses are few.
 * This number (1.4 MiB) is enough for both. */
enum { SLOTS = 8192 };

struct slot {
    uint64_t addr; /* 0: empty */
    struct cfi_row row;
};

struct cfi_cache {
    struct slot slots[SLOTS];
};

struct cfi_cache *cfi_cache_open(void)
{
    return calloc(1, sizeof(struct cfi_cache));
}

void cfi_cache_close(struct cfi_cache *c)
{
    free(c);
}

void cfi_cache_clear(struct cfi_cache *c)
{
    for (size_t i = 0; i < SLOTS; i++)
        c->slots[i].addr = 0;
}

static size_t place(uint64_t addr)
{
    return hash_u64(0, addr) % SLOTS;
}

const struct cfi_row *cfi_cache_get(const struct cfi_cache *c, uint64_t addr)
{
    const struct slot *slot = &c->slots[place(addr)];
    return slot->addr == addr && addr ? &slot->row : NULL;
}

const struct cfi_row *cfi_cache_put(struct cfi_cache *c, uint64_t addr,
                                    const struct cfi_row *row)
{
    struct slot *slot = &c->slots[place(addr)];
    slot->addr = addr;
    slot->row = *row;
    return &slot->row;
}
