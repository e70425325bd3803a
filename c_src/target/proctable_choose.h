/**
 * @file proctable_choose.h
 * Which slots of the process table are read, if not all: those of some
 * processes, and of all others a random part, each with the same probability.
 *
 * If few of very many processes are wanted, random slots are looked at, and the
 * VM's own counter says how many processes there are (tablecount.h). Otherwise
 * all slots are looked at: a table of 4,194,304 slots has 32 MB.
 */
#ifndef CPROF_TARGET_PROCTABLE_CHOOSE_H
#define CPROF_TARGET_PROCTABLE_CHOOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "target/proctable.h"

struct proctable_slot {
    uint32_t slot;
    uint64_t address; /**< of struct Process; not 0 */
};

/** All 0 at first. */
struct proctable_chosen {
    struct proctable_slot *list; /**< the others, then those that are picked */
    size_t count, picked_count, cap;
    uint32_t picked[PROCTABLE_PICKED]; /**< slots, sorted */
    size_t asked;                      /**< how many there are in picked */
    uint64_t others; /**< slots in use, without those that are picked */
    uint32_t *drawn; /**< random slots */
    size_t drawn_cap;
};

/** Receives a slot that is in use. A negative error ends the walk. */
typedef int proctable_on_slot(void *ctx, uint32_t slot, uint64_t address);

/** Walks over all slots that are in use, in their order. 0, the error of see,
 *  or a memory error. */
MUST_USE int proctable_walk_slots(const struct layout *l,
                                  const struct memory *m,
                                  proctable_on_slot *see, void *ctx);
/** Fills c anew. 0, -ENOMEM, or a memory error. */
MUST_USE int proctable_chosen_fill(struct proctable_chosen *c,
                                   const struct layout *l,
                                   const struct memory *m, bool old_ids,
                                   const struct proctable_choice *how);
/** Is that slot one of the picked ones? */
bool proctable_chosen_is_picked(const struct proctable_chosen *c,
                                uint32_t slot);
void proctable_chosen_free(struct proctable_chosen *c);

#endif
