/**
 * @file intern.h
 * A dense table of rows of one size whose first key_size bytes are their
 * identity (integers without padding). Asking for a row that is there gives
 * its id, else it is appended.
 */
#ifndef CPROF_BASE_INTERN_H
#define CPROF_BASE_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/index.h"

/** Rows a table may have: far above any recording, below any memory. */
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
