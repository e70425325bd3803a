#include "base/texts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/intern.h"
#include "base/utf8.h"

enum { BLOCK_BYTES = 64 << 10, TEXT_MAX = 16 << 20 };

struct texts_block {
    struct texts_block *next;
    size_t used, cap;
    char bytes[];
};

void texts_init(struct texts *t)
{
    *t = (struct texts){0};
    index_init(&t->index);
    buffer_init(&t->cleaned, (size_t)TEXT_MAX * 3);
}

void texts_deinit(struct texts *t)
{
    while (t->blocks) {
        struct texts_block *next = t->blocks->next;
        free(t->blocks);
        t->blocks = next;
    }
    free(t->rows);
    index_deinit(&t->index);
    buffer_deinit(&t->cleaned);
}

/* Room for a text in the newest block, or in a new one. */
static char *room_for(struct texts *t, size_t size)
{
    struct texts_block *b = t->blocks;
    if (!b || b->cap - b->used < size) {
        size_t cap = size > BLOCK_BYTES ? size : BLOCK_BYTES;
        b = malloc(sizeof(*b) + cap);
        if (!b)
            return NULL;
        *b = (struct texts_block){.next = t->blocks, .cap = cap};
        t->blocks = b;
    }
    char *at = b->bytes + b->used;
    b->used += size;
    return at;
}

static bool is_clean(const char *at, size_t len)
{
    uint32_t code;
    for (size_t i = 0, n; i < len; i += n) {
        n = utf8_next(at + i, len - i, &code);
        if (n == 0)
            return false;
    }
    return true;
}

static bool same_text(const void *things, uint32_t id, const void *key)
{
    const struct text *row = &((const struct text *)things)[id];
    const struct text *text = key;
    return row->len == text->len && memcmp(row->at, text->at, text->len) == 0;
}

static int64_t append(struct texts *t, const struct text *text, uint64_t hash)
{
    if (t->len >= INTERN_MAX)
        return -E_LIMIT;
    int err = ARRAY_RESERVE(t->rows, t->cap, t->len + 1);
    if (err)
        return err;
    char *at = room_for(t, text->len + 1);
    if (!at)
        return -ENOMEM;
    memcpy(at, text->at, text->len);
    at[text->len] = '\0';
    err = index_add(&t->index, hash, t->len);
    if (err)
        return err;
    t->rows[t->len] = (struct text){at, text->len};
    return t->len++;
}

int64_t texts_intern(struct texts *t, const char *bytes, size_t len)
{
    struct text text = {len ? bytes : "", len};
    if (len > TEXT_MAX)
        return -E_LIMIT;
    if (!is_clean(text.at, len)) {
        buffer_clear(&t->cleaned);
        utf8_clean(&t->cleaned, bytes, len);
        int err = buffer_status(&t->cleaned);
        if (err)
            return err;
        text = (struct text){(char *)t->cleaned.data, t->cleaned.len};
    }
    uint64_t hash = hash_bytes(text.at, text.len);
    uint32_t id = index_find(&t->index, hash, same_text, t->rows, &text);
    return id != INDEX_NONE ? (int64_t)id : append(t, &text, hash);
}

const char *texts_keep(struct texts *t, const char *text)
{
    int64_t id = texts_intern(t, text, strlen(text));
    return id < 0 ? "" : t->rows[id].at;
}
