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

int rows_join_buckets(struct rows *r)
{
    struct rows joined;
    int err = 0;
    rows_init(&joined, r->width);
    for (uint32_t i = 0; !err && i < r->keys.len; i++) {
        struct profile_sample key =
            ((const struct profile_sample *)r->keys.rows)[i];
        key.bucket /= 2;
        err = rows_add(&joined, &key, rows_values(r, i));
    }
    rows_deinit(err ? &joined : r);
    if (!err)
        *r = joined;
    return err;
}

const uint64_t *rows_values(const struct rows *r, size_t i)
{
    return r->values + i * r->width;
}
