/**
 * @file procfigures_parts.h
 * What the procfigures*.c files share. Included only by them and by their
 * tests.
 *
 *   process table --> procfigures_find --> copies, read twice
 *   copies --> procfigures_relations --> places --> procfigures (figures)
 */
#ifndef CPROF_TARGET_PROCFIGURES_PARTS_H
#define CPROF_TARGET_PROCFIGURES_PARTS_H

#include "target/procfigures.h"

/** Words of a struct that are copied; a Process has under 100. */
enum { PROCFIGURES_WORDS = 120 };

/** A larger figure is impossible: words and messages; reductions, of years. */
#define PROCFIGURES_MOST            ((uint64_t)1 << 44)
#define PROCFIGURES_MOST_REDUCTIONS ((uint64_t)1 << 60)

struct procfigures_copy {
    uint64_t address;
    uint64_t word[PROCFIGURES_WORDS];
    uint64_t later[PROCFIGURES_WORDS]; /**< of the second reading */
    bool rests, rests_later; /**< it did not run while it was copied */
};

/**
 * Does a group of fields begin at word k of a process at rest? 1: it looks like
 * it; -1: it does not; 0: it may. Some words before and behind k are looked at,
 * too; see where the relation is used.
 */
typedef int procfigures_relation(const struct layout *l,
                                 const struct procfigures_copy *c, size_t k);

/** k: hend. */
procfigures_relation procfigures_is_heap;
/** k: old_hend. */
procfigures_relation procfigures_is_old_heap;
/** k: live_hf_end. */
procfigures_relation procfigures_is_off_heap;
/** k: Process.i. */
procfigures_relation procfigures_is_reductions;
/** k: the state, before the queue of messages that were not fetched. */
procfigures_relation procfigures_is_outer;
/** k: ErtsSignalPrivQueues, since OTP 26 and before that. */
procfigures_relation procfigures_is_private_new, procfigures_is_private_old;

#endif
