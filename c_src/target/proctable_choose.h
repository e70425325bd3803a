/**
 * @file proctable_choose.h
 * Which slots of the process table are read, if not all: those of some
 * processes, and of all others a random part, each with the same probability.
 * A slot is handed on soon after it was read, because processes of web servers
 * live for milliseconds: of those that were chosen in one pass over a large
 * table, and read in the next, most had ended.
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

/** All 0 at first. */
struct proctable_chosen {
    uint32_t picked[PROCTABLE_PICKED]; /**< slots, sorted */
    size_t asked;                      /**< how many there are in picked */
    uint32_t *drawn;                   /**< random slots */
    size_t drawn_cap;
};

/** Who receives slots. Each function returns 0, or a negative error that ends
 *  the walk. */
struct proctable_slots {
    /** A slot that is in use. `address` is that of a struct Process, not 0. */
    int (*see)(void *ctx, uint32_t slot, uint64_t address);
    /** Some slots were read, and others take time. */
    int (*pause)(void *ctx);
    void *ctx;
};

/** Walks over all slots that are in use, in their order. 0, an error of `to`,
 *  or a memory error. */
MUST_USE int proctable_walk_slots(const struct layout *l,
                                  const struct memory *m,
                                  const struct proctable_slots *to);
/** Hands on the slots that are chosen, and sets *part. The same errors, and
 *  -ENOMEM; *part then says what was done until the error. */
MUST_USE int proctable_walk_chosen(struct proctable_chosen *c,
                                   const struct layout *l,
                                   const struct memory *m, bool old_ids,
                                   const struct proctable_choice *how,
                                   const struct proctable_slots *to,
                                   struct proctable_part *part);
/** Is that slot one of the picked ones? */
bool proctable_chosen_is_picked(const struct proctable_chosen *c,
                                uint32_t slot);
void proctable_chosen_free(struct proctable_chosen *c);

#endif
