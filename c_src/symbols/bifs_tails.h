/**
 * @file bifs_tails.h
 * C functions that BIFs and NIFs end in by a jump, so that their own frame is
 * gone: `return impl(...)` at the end of a function. If it is known that a BIF
 * or NIF is running, and only one of them jumps to a function, then it is that
 * one.
 */
#ifndef CPROF_SYMBOLS_BIFS_TAILS_H
#define CPROF_SYMBOLS_BIFS_TAILS_H

#include "base/index.h"
#include "symbols/bifs.h"
#include "symbols/symbols_native.h"

struct bifs_tail {
    uint64_t start; /**< of the function that is jumped to */
    uint32_t from;  /**< id in bifs; INDEX_NONE: several */
};

struct bifs_tails {     /* all 0: empty */
    struct index index; /* by start, into list */
    struct bifs_tail *list;
    uint32_t count, cap;
    uint32_t known; /* entries of bifs that were looked at */
};

void bifs_tails_deinit(struct bifs_tails *t);
/** The one BIF or NIF whose C function jumps to the start of another; NULL:
 *  none, or several do. Looks at what is new in bifs first. */
struct bifs_entry *bifs_tails_find(struct bifs_tails *t, const struct bifs *b,
                                   struct symbols_native *native,
                                   uint64_t start);

#endif
