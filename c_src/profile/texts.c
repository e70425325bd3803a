#include "profile/texts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "profile/intern.h"

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

/* Length of the UTF-8 sequence at the front, 0 when there is none. */
static size_t sequence(const uint8_t *at, size_t left)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (at[0] < 0x80)
        return at[0] != 0;
    size_t len = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || len > left)
        return 0;
    uint32_t code = at[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (at[i] & 0x3f);
    }
    bool bad = code < least[len] || code > 0x10ffff ||
               (code >= 0xd800 && code < 0xe000);
    return bad ? 0 : len;
}

static bool is_clean(const uint8_t *at, size_t len)
{
    for (size_t i = 0, n; i < len; i += n) {
        n = sequence(at + i, len - i);
        if (n == 0)
            return false;
    }
    return true;
}

static int clean(struct buffer *out, const uint8_t *at, size_t len)
{
    buffer_clear(out);
    for (size_t i = 0; i < len;) {
        size_t n = sequence(at + i, len - i);
        if (n)
            buffer_add(out, at + i, n);
        else
            buffer_text(out, "\xef\xbf\xbd");
        i += n ? n : 1;
    }
    return buffer_status(out);
}

static bool same_text(const void *things, uint32_t id, const void *key)
{
    const struct text *row = &((const struct text *)things)[id];
    const struct text *text = key;
    return row->len == text->len && memcmp(row->at, text->at, text->len) == 0;
}

static int64_t append(struct texts *t, const struct text *text, uint64_t hash)
{
    int err = intern_reserve((void **)&t->rows, &t->cap, t->len, sizeof(*text));
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
    if (!is_clean((const uint8_t *)text.at, len)) {
        int err = clean(&t->cleaned, (const uint8_t *)bytes, len);
        if (err)
            return err;
        text = (struct text){(char *)t->cleaned.data, t->cleaned.len};
    }
    uint64_t hash = hash_bytes(text.at, text.len);
    uint32_t id = index_find(&t->index, hash, same_text, t->rows, &text);
    return id != INDEX_NONE ? (int64_t)id : append(t, &text, hash);
}
