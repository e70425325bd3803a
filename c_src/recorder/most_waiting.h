/**
 * @file most_waiting.h
 * How many processes wait for the same one at a reading of all processes. Leaf
 * functions of the profile stand for those that are waited for.
 */
#ifndef CPROF_RECORDER_MOST_WAITING_H
#define CPROF_RECORDER_MOST_WAITING_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct most_waiting_row {
    uint32_t tick, count;
};

/** All 0: nobody has waited yet. */
struct most_waiting {
    struct most_waiting_row *rows; /**< by function; owned */
    size_t count, cap;
};

void most_waiting_deinit(struct most_waiting *m);
/** One more waits for the one that this leaf function stands for.
 *  @param tick  which reading this is; those of one reading come together
 *  @return how many do at this reading, so far; or -ENOMEM */
MUST_USE int64_t most_waiting_add(struct most_waiting *m, uint32_t function,
                                  uint32_t tick);

#endif
