/**
 * @file texts.h
 * Interned strings with stable addresses: a text once given out stays where
 * it is until the end, so callers may intern what they got from here. Every
 * text is valid UTF-8 without NUL; what is not becomes U+FFFD.
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
/** The id of a copy of these bytes, or -ENOMEM or -E_LIMIT. */
MUST_USE int64_t texts_intern(struct texts *t, const char *bytes, size_t len);
/** The copy itself; "" when there is no memory for it. */
const char *texts_keep(struct texts *t, const char *text);

#endif
