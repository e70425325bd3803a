/**
 * @file span_workers.h
 * A table, by pid, of the processes whose spans are known. Processes can be
 * removed. The place of a process, an index, stays the same until then.
 */
#ifndef CPROF_RECORDER_SPAN_WORKERS_H
#define CPROF_RECORDER_SPAN_WORKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    /** Processes at a time. */
    SPAN_WORKERS_MAX = 1 << 17,
    SPAN_WORKERS_BUCKETS = 1 << 15,
};
#define SPAN_WORKERS_NONE UINT32_MAX

struct span_worker {
    uint64_t pid;       /**< term; 0: this place is free */
    uint64_t works_for; /**< pid; 0: for nobody that is known */
    bool asked;         /**< it was read, or marked, for whom it works */
    uint32_t expected;  /**< marks of it that were read, and whose changes are
                             still to come */
    uint32_t begun; /**< starts that were read so far and whose end was not */
    uint64_t since_ns;  /**< the last change of its spans */
    uint64_t gone_ns;   /**< when it was found not to live; 0: it lives */
    uint32_t innermost; /**< of its open spans (span_stacks.c); NONE */
    uint32_t depth;     /**< how many are open */
    uint32_t over;      /**< how many more are open that are too deep to be told
                             apart */
    uint32_t over_gaps; /**< how many gaps there were when `over` was counted */
    uint32_t next;      /* with the same hash, or the next free place */
};

struct span_workers {
    struct span_worker *list; /**< some places are free */
    uint32_t count, cap;      /**< places */
    uint32_t used;            /**< processes */
    uint32_t free;
    uint32_t buckets[SPAN_WORKERS_BUCKETS];
};

void span_workers_init(struct span_workers *t);
void span_workers_deinit(struct span_workers *t);
/** The place of a process, or NONE. */
uint32_t span_workers_find(const struct span_workers *t, uint64_t pid);
/** The same; a new process is added. *out is NULL if there are too many.
 *  0, -ENOMEM or -E_LIMIT. Others may move. */
MUST_USE int span_workers_get(struct span_workers *t, uint64_t pid,
                              struct span_worker **out);
void span_workers_remove(struct span_workers *t, struct span_worker *w);

#endif
