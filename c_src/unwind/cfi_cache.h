/**
 * @file cfi_cache.h
 * Rows by address, for the addresses asked for last. Addresses are the
 * node's. Direct mapped: a row may be gone at the next call.
 */
#ifndef CPROF_UNWIND_CFI_CACHE_H
#define CPROF_UNWIND_CFI_CACHE_H

#include "unwind/cfi_row.h"

struct cfi_cache;

/** NULL: no memory. */
struct cfi_cache *cfi_cache_open(void);
void cfi_cache_close(struct cfi_cache *c);
/** Forgets all rows: what they borrow is about to go. */
void cfi_cache_clear(struct cfi_cache *c);
/** The row of an address that is not 0, valid until the next call; NULL. */
const struct cfi_row *cfi_cache_get(const struct cfi_cache *c, uint64_t addr);
/** @return the copy that is kept */
const struct cfi_row *cfi_cache_put(struct cfi_cache *c, uint64_t addr,
                                    const struct cfi_row *row);

#endif
