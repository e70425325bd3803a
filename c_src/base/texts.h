/**
 * @file texts.h
 * Interned strings with stable addresses: a text stays where it is until
 * texts_deinit, so callers may pass texts from here to texts_intern again.
 * Every text is valid UTF-8 without NUL; other bytes become U+FFFD.
 */
#ifndef CPROF_BASE_TEXTS_H
#define CPROF_BASE_TEXTS_H

#include "base/buffer.h"
#include "base/err.h"
#include "base/index.h"

struct text {
    const char *at; /**< NUL-terminated */
    size_t len;
};

struct texts {
    struct text *rows;
    uint32_t len, cap;
    struct index index;
    struct texts_block *blocks; /**< newest first */
    struct buffer cleaned;      /**< scratch for malformed input */
};

void texts_init(struct texts *t);
void texts_deinit(struct texts *t);
/** The id of a copy of these bytes, or -ENOMEM or -E_LIMIT (more than 16 MB, or
 *  more than INTERN_MAX texts). */
MUST_USE int64_t texts_intern(struct texts *t, const char *bytes, size_t len);
/** Interns text and returns the copy; "" on failure. */
const char *texts_keep(struct texts *t, const char *text);

#endif
