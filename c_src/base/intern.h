/**
 * @file intern.h
 * A dense table of rows of one size. The first key_size bytes of a row are its
 * key: integers of 32 or 64 bits, without padding. Interning a row whose key is
 * already there gives the id of that row; otherwise the row is appended.
 */
#ifndef CPROF_BASE_INTERN_H
#define CPROF_BASE_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/index.h"

/** The most rows that a table may have: far more than any recording needs, and
 *  few enough to fit into memory. */
enum { INTERN_MAX = 1 << 23 };

struct intern {
    void *rows;
    uint32_t len, cap;
    size_t row_size, key_size;
    struct index index;
};

void intern_init(struct intern *t, size_t row_size, size_t key_size);
void intern_deinit(struct intern *t);
/** The id of the row with row's key, or -ENOMEM or -E_LIMIT. */
MUST_USE int64_t intern_row(struct intern *t, const void *row);
/** The id of the row with that key, or INDEX_NONE. */
uint32_t intern_find(const struct intern *t, const void *key);

#endif
