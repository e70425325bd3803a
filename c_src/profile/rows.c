#include "profile/rows.h"

#include <stdlib.h>

#include "base/add.h"
#include "base/array.h"

void rows_init(struct rows *r, uint32_t width)
{
    *r = (struct rows){.width = width};
    intern_init(&r->keys, sizeof(struct profile_sample),
                sizeof(struct profile_sample));
}

void rows_deinit(struct rows *r)
{
    intern_deinit(&r->keys);
    free(r->values);
}

int rows_add(struct rows *r, const struct profile_sample *key,
             const uint64_t *values)
{
    uint32_t before = r->keys.len;
    int err = ARRAY_RESERVE(r->values, r->cap, (before + 1ul) * r->width);
    int64_t id = err ? err : intern_row(&r->keys, key);
    if (id < 0)
        return (int)id;
    uint64_t *sum = r->values + (size_t)id * r->width;
    for (uint32_t i = 0; i < r->width; i++) {
        sum[i] = id == before ? 0 : sum[i];
        add_capped(&sum[i], values[i]);
    }
    return 0;
}

/* The new bucket of a row. false: it is dropped. */
typedef bool new_bucket(uint32_t *bucket, uint32_t first);

static int rebuild(struct rows *r, new_bucket *change, uint32_t first)
{
    struct rows fresh;
    int err = 0;
    rows_init(&fresh, r->width);
    for (uint32_t i = 0; !err && i < r->keys.len; i++) {
        struct profile_sample key =
            ((const struct profile_sample *)r->keys.rows)[i];
        if (change(&key.bucket, first))
            err = rows_add(&fresh, &key, rows_values(r, i));
    }
    rows_deinit(err ? &fresh : r);
    if (!err)
        *r = fresh;
    return err;
}

static bool halve(uint32_t *bucket, uint32_t first)
{
    (void)first;
    *bucket /= 2;
    return true;
}

int rows_join_buckets(struct rows *r)
{
    return rebuild(r, halve, 0);
}

static bool shift(uint32_t *bucket, uint32_t first)
{
    bool kept = *bucket >= first;
    *bucket -= kept ? first : 0;
    return kept;
}

int rows_begin_at(struct rows *r, uint32_t first)
{
    return rebuild(r, shift, first);
}

const uint64_t *rows_values(const struct rows *r, size_t i)
{
    return r->values + i * r->width;
}
