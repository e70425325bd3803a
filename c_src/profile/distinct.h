/**
 * @file distinct.h
 * Counts different keys in bounded memory, by keeping only the lowest hashes (a
 * k-minimum-values sketch). The count is exact below DISTINCT_EXACT keys; above
 * that its standard error is 1 / sqrt(DISTINCT_EXACT), which is 1.6 %.
 */
#ifndef CPROF_PROFILE_DISTINCT_H
#define CPROF_PROFILE_DISTINCT_H

#include <stdint.h>

#include "base/err.h"

enum { DISTINCT_EXACT = 4096 };

/** Empty when all 0. */
struct distinct {
    uint64_t *lowest; /* ascending */
    uint32_t len, cap;
};

void distinct_deinit(struct distinct *d);
/** Adds a key, which may be there already. 0 or -ENOMEM. */
MUST_USE int distinct_add(struct distinct *d, uint64_t key);
uint64_t distinct_count(const struct distinct *d);

#endif
