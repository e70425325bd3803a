#include "symbols/textpool.h"

#include <stdlib.h>
#include <string.h>

void textpool_init(struct textpool *pool)
{
    *pool = (struct textpool){0};
}

void textpool_deinit(struct textpool *pool)
{
    for (uint32_t i = 0; i < pool->count; i++)
        free(pool->list[i]);
    free(pool->list);
    index_deinit(&pool->index);
    textpool_init(pool);
}

static bool same_text(const void *things, uint32_t id, const void *key)
{
    return strcmp(((char *const *)things)[id], key) == 0;
}

static bool has_room(struct textpool *pool)
{
    if (pool->count < pool->cap)
        return true;
    uint32_t cap = pool->cap ? pool->cap * 2 : 256;
    char **list = realloc(pool->list, cap * sizeof(*list));
    if (!list)
        return false;
    pool->list = list;
    pool->cap = cap;
    return true;
}

const char *textpool_add(struct textpool *pool, const char *text)
{
    uint64_t hash = hash_bytes(text, strlen(text));
    uint32_t id = index_find(&pool->index, hash, same_text, pool->list, text);
    if (id != INDEX_NONE)
        return pool->list[id];
    char *copy = has_room(pool) ? strdup(text) : NULL;
    if (!copy || index_add(&pool->index, hash, pool->count)) {
        free(copy);
        return "";
    }
    pool->list[pool->count++] = copy;
    return copy;
}
