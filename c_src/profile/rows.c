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

const uint64_t *rows_values(const struct rows *r, size_t i)
{
    return r->values + i * r->width;
}
