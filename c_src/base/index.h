/**
 * @file index.h
 * A hash index from a key to a dense id (0, 1, 2, ...). It keeps only hashes
 * and ids. The caller keeps the things in an array of its own, and its
 * index_equal says whether thing `id` equals the key. To intern a thing, look
 * it up with index_find; if it is not there, append it to the array and call
 * index_add.
 */
#ifndef CPROF_BASE_INDEX_H
#define CPROF_BASE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define INDEX_NONE UINT32_MAX

struct index_slot {
    uint64_t hash;
    uint32_t id;
};

struct index {
    struct index_slot *slots;
    uint32_t cap; /* a power of two, or 0 */
    uint32_t used;
};

typedef bool index_equal(const void *things, uint32_t id, const void *key);

void index_init(struct index *x);
void index_deinit(struct index *x);
/** The id of the thing that equals key, or INDEX_NONE. */
uint32_t index_find(const struct index *x, uint64_t hash, index_equal *equal,
                    const void *things, const void *key);
/** Adds an id under a hash; 0 or -ENOMEM. The key must not be there yet. */
MUST_USE int index_add(struct index *x, uint64_t hash, uint32_t id);

/** 64-bit hash of bytes. Hostile keys can make the index slow, never wrong. */
uint64_t hash_bytes(const void *bytes, size_t len);
uint64_t hash_u64(uint64_t seed, uint64_t value);

#endif
