/**
 * @file textpool.h
 * Texts kept once each, until the pool is destroyed. A pointer handed out
 * never moves.
 */
#ifndef CPROF_SYMBOLS_TEXTPOOL_H
#define CPROF_SYMBOLS_TEXTPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/index.h"

struct textpool {
    struct index index;
    char **list;
    uint32_t count, cap;
};

void textpool_init(struct textpool *pool);
void textpool_deinit(struct textpool *pool);
/** The pool's own copy of a text; "" when there is no memory for it. */
const char *textpool_add(struct textpool *pool, const char *text);

#endif
