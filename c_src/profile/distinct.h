/**
 * @file distinct.h
 * How many different keys there were, in bounded memory: the lowest hashes
 * are kept (a k-minimum-values sketch). Exact up to DISTINCT_EXACT keys; above
 * that the standard error is 1 / sqrt(DISTINCT_EXACT), 1.6 %.
 */
#ifndef CPROF_PROFILE_DISTINCT_H
#define CPROF_PROFILE_DISTINCT_H

#include <stdint.h>

#include "base/err.h"

enum { DISTINCT_EXACT = 4096 };

/** All 0 is empty. */
struct distinct {
    uint64_t *lowest; /* ascending */
    uint32_t len, cap;
};

void distinct_deinit(struct distinct *d);
/** A key may come any number of times. 0 or -ENOMEM. */
MUST_USE int distinct_add(struct distinct *d, uint64_t key);
uint64_t distinct_count(const struct distinct *d);

#endif
