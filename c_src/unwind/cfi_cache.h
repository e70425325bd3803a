/**
 * @file cfi_cache.h
 * A cache of rows, by address in the node. It is direct mapped: a row that was
 * put may be replaced by the next one.
 */
#ifndef CPROF_UNWIND_CFI_CACHE_H
#define CPROF_UNWIND_CFI_CACHE_H

#include "unwind/cfi_row.h"

struct cfi_cache;

/** NULL when there is no memory. */
struct cfi_cache *cfi_cache_open(void);
void cfi_cache_close(struct cfi_cache *c);
/** Forgets all rows. Needed before the tables that they borrow are freed. */
void cfi_cache_clear(struct cfi_cache *c);
/** The row of an address, or NULL; valid until the next call. */
const struct cfi_row *cfi_cache_get(const struct cfi_cache *c, uint64_t addr);
/** Copies a row into the cache; addr is not 0.
 *  @return the copy, valid until the next call */
const struct cfi_row *cfi_cache_put(struct cfi_cache *c, uint64_t addr,
                                    const struct cfi_row *row);

#endif
