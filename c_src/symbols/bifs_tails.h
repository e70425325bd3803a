/**
 * @file bifs_tails.h
 * Tail calls: C functions to which the C functions of BIFs and NIFs jump as
 * their last action (`return impl(...)`), so that their own frames are gone. If
 * it is known that some BIF or NIF is running, and only one of them jumps to
 * the present function, then it is that one.
 */
#ifndef CPROF_SYMBOLS_BIFS_TAILS_H
#define CPROF_SYMBOLS_BIFS_TAILS_H

#include "base/intern.h"
#include "symbols/bifs.h"
#include "symbols/symbols_native.h"

struct bifs_tail {
    uint64_t start; /**< start of the function that is jumped to */
    uint32_t from;  /**< id in bifs; INDEX_NONE: several jump there */
};

struct bifs_tails {
    struct intern list; /* struct bifs_tail, by start */
    uint32_t known;     /* number of entries of bifs that were looked at */
};

void bifs_tails_init(struct bifs_tails *t);
void bifs_tails_deinit(struct bifs_tails *t);
/** The only BIF or NIF whose C function jumps to this start of a function;
 *  NULL: none, or several. Looks at the new entries of bifs first. */
struct bifs_entry *bifs_tails_find(struct bifs_tails *t, const struct bifs *b,
                                   struct symbols_native *native,
                                   uint64_t start);

#endif
