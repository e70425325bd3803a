#include "base/intern.h"

#include <string.h>

#include "base/array.h"

void intern_init(struct intern *t, size_t row_size, size_t key_size)
{
    *t = (struct intern){.row_size = row_size, .key_size = key_size};
    index_init(&t->index);
}

void intern_deinit(struct intern *t)
{
    free(t->rows);
    index_deinit(&t->index);
}

static bool same_key(const void *things, uint32_t id, const void *key)
{
    const struct intern *t = things;
    return memcmp((const char *)t->rows + id * t->row_size, key, t->key_size) ==
           0;
}

static uint64_t hash_key(const void *key, size_t size)
{
    const char *at = key;
    uint64_t h = size;
    uint32_t word;
    for (size_t i = 0; i < size; i += sizeof(word)) {
        memcpy(&word, at + i, sizeof(word));
        h = hash_u64(h, word);
    }
    return h;
}

uint32_t intern_find(const struct intern *t, const void *key)
{
    return index_find(&t->index, hash_key(key, t->key_size), same_key, t, key);
}

/* The size of a row is known only at run time, so ARRAY_RESERVE cannot be used.
 */
static int make_room(struct intern *t)
{
    size_t cap = t->cap;
    if (t->len >= INTERN_MAX)
        return -E_LIMIT;
    if (t->len < cap)
        return 0;
    void *moved = array_grow(t->rows, &cap, t->len + 1ul, t->row_size);
    if (!moved)
        return -ENOMEM;
    t->rows = moved;
    t->cap = (uint32_t)cap;
    return 0;
}

int64_t intern_row(struct intern *t, const void *row)
{
    uint64_t hash = hash_key(row, t->key_size);
    uint32_t id = index_find(&t->index, hash, same_key, t, row);
    if (id != INDEX_NONE)
        return id;
    int err = make_room(t);
    if (err)
        return err;
    err = index_add(&t->index, hash, t->len);
    if (err)
        return err;
    memcpy((char *)t->rows + t->len * t->row_size, row, t->row_size);
    return t->len++;
}
