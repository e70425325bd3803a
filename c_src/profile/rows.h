/**
 * @file rows.h
 * The rows of a profile: each combination once, with one value for each of the
 * profile's value types.
 */
#ifndef CPROF_PROFILE_ROWS_H
#define CPROF_PROFILE_ROWS_H

#include "base/err.h"
#include "base/intern.h"
#include "profile/profile.h"

struct rows {
    struct intern keys; /**< struct profile_sample */
    uint64_t *values;   /**< `width` values for each key */
    uint32_t cap;       /**< values that there is room for */
    uint32_t width;
};

void rows_init(struct rows *r, uint32_t width);
void rows_deinit(struct rows *r);
/** Adds `width` values to those of the combination. A sum stays at UINT64_MAX
 *  instead of wrapping around. 0, -ENOMEM or -E_LIMIT. */
MUST_USE int rows_add(struct rows *r, const struct profile_sample *key,
                      const uint64_t *values);
/** Joins the buckets in pairs: 0 with 1, 2 with 3, and so on. On an error
 *  nothing has changed. */
MUST_USE int rows_join_buckets(struct rows *r);
/** Drops the rows of buckets before `first`, which becomes bucket 0. On an
 * error nothing has changed. */
MUST_USE int rows_begin_at(struct rows *r, uint32_t first);
/** Borrowed until the next rows_add. */
const uint64_t *rows_values(const struct rows *r, size_t i);

#endif
