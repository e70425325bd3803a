/**
 * @file mix.h
 * A hash of bytes for the NIFs, which run in the node's own processes. It takes
 * eight bytes at a time; hash_bytes (base/index.h) takes one.
 */
#ifndef CPROF_NIF_MIX_H
#define CPROF_NIF_MIX_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t mix_word(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

/** Continues a hash with these bytes; the first hash is 0. */
static inline uint64_t mix_bytes(uint64_t hash, const char *bytes, size_t size)
{
    uint64_t word;
    size_t i = 0;
    for (; i + sizeof(word) <= size; i += sizeof(word)) {
        memcpy(&word, bytes + i, sizeof(word));
        hash = mix_word(hash, word);
    }
    word = 0;
    if (i < size)
        memcpy(&word, bytes + i, size - i);
    return mix_word(mix_word(hash, word), size);
}

#endif
