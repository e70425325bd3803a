/**
 * @file columns.h
 * A table whose columns are as wide as their widest cell, like those of the
 * node's own snapshot (lib/base/cprof_table.erl).
 */
#ifndef CPROF_FORMATS_COLUMNS_H
#define CPROF_FORMATS_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

enum { COLUMNS_MOST = 10 };

struct column {
    const char *head;
    bool right; /**< figures */
};

struct columns {
    const struct column *list; /**< borrowed */
    size_t count;
    struct buffer cells; /* texts, each with its NUL */
    size_t added;
};

/** @param count  at most COLUMNS_MOST */
void columns_init(struct columns *c, const struct column *list, size_t count);
/** Adds the next cell of a row; foreign text is made safe to show. */
void columns_add(struct columns *c, const char *text);
/** The same for a text in a buffer, which is freed. */
void columns_add_buffer(struct columns *c, struct buffer *text);
/** "1,024" */
void columns_add_number(struct columns *c, uint64_t n);
/** "1.25 MB"; "-" if it is not known. */
void columns_add_bytes(struct columns *c, bool known, uint64_t bytes);
/** What `say` writes (words.h); "-" if it is not known. */
void columns_add_real(struct columns *c, bool known, double value,
                      void (*say)(struct buffer *out, double value));
/** Writes the table, nothing if it has no rows, and frees it. A failure becomes
 *  that of out. */
void columns_write(struct columns *c, struct buffer *out);

#endif
