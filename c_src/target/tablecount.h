/**
 * @file tablecount.h
 * How many processes a node has, and how many it has ever created: counters
 * before the process table (ErtsPTabVolatileData in
 * erts/emulator/beam/erl_ptab.h), a cache line before the pointer to it:
 *
 *   -64 u64 last_data
 *   -56 u32 count     processes
 *   -52 u32 aid_ix    -1, and one more for each that was created
 *   -48 u32 fid_ix    -1, and one more for each that ended
 *
 * Processes that were created and did not end are those that exist: this is
 * checked at each reading.
 */
#ifndef CPROF_TARGET_TABLECOUNT_H
#define CPROF_TARGET_TABLECOUNT_H

#include <stdint.h>

#include "base/err.h"
#include "target/layout.h"
#include "target/memory.h"

struct tablecount {
    uint32_t processes;
    uint32_t created; /**< since the node's start, modulo 2^32 */
};

/** 0; -E_LAYOUT: the counters are not known, or do not fit together; or a
 *  memory error. */
MUST_USE int tablecount_read(const struct layout *l, const struct memory *m,
                             struct tablecount *out);

#endif
