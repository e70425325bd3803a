/**
 * @file proctable.h
 * All processes of the observed node at about one moment, read from its
 * process table, with a copy of the stack of each that does not run. The node
 * goes on meanwhile, so each process is read twice, and what its own turns
 * change must be the same before and after its stack was copied:
 *
 *   table's slot -> struct Process -> stack -> struct Process again
 *
 * What is not is read again, some times, and then counted and left out: a
 * stack that is handed out was the process's while it was copied. A process
 * that runs, is collected or exits has no stack here; it changes that at any
 * time, and what is in memory is from before its turn.
 *
 * Nothing is taken on trust: the table must hold what schedulers run, each
 * process the number of its own slot, each stack the end that all have.
 */
#ifndef CPROF_TARGET_PROCTABLE_H
#define CPROF_TARGET_PROCTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/procstate.h"
#include "target/layout.h"
#include "target/memory.h"

/** Bytes copied of one stack: from its top, and where it is longer than both
 *  together, of its end. */
enum { PROCTABLE_TOP = 24 << 10, PROCTABLE_ROOT = 8 << 10 };

/** One process. What it points to is valid during the call that gets it. */
struct proctable_process {
    uint64_t address, id; /**< of struct Process; its pid term */
    enum procstate state;
    bool has_name;         /**< it is registered, if that can be told */
    uint64_t continuation; /**< Process.i: where it goes on */
    /** The stack begins at `stop` and ends at `hend`; 0 without one. */
    uint64_t stop, hend;
    const uint8_t *top, *root; /**< NULL: none, not needed */
    size_t top_bytes, root_bytes;
};

/** used = seen + torn + unreadable + ended + being_made. */
struct proctable_counts {
    uint64_t used;       /**< slots of the table that were in use */
    uint64_t seen;       /**< processes handed out */
    uint64_t torn;       /**< changed whenever they were read */
    uint64_t unreadable; /**< not mapped, or with a stack that is none */
    uint64_t ended;      /**< gone before they were read */
    uint64_t being_made; /**< in the table, but not yet filled in */
};

struct proctable;

/**
 * Checks that all needed is known and right; l and m are borrowed until
 * proctable_close.
 * @param normal_exit  jit_normal_exit()
 * @return 0; -E_LAYOUT: the table or a field of struct Process is not known,
 *         or the table does not hold what the schedulers run; -ENOMEM; or a
 *         memory error
 */
MUST_USE int proctable_open(const struct layout *l, const struct memory *m,
                            uint64_t normal_exit, struct proctable **out);
void proctable_close(struct proctable *t);

/** Is told of each process. A negative error ends the reading. */
typedef int proctable_see(void *ctx, const struct proctable_process *p);

/**
 * Reads all of them once, in no order. Processes that are made or end
 * meanwhile may be missed.
 * @return 0, what `see` returned, -ENOMEM, or a memory error; counts are of
 *         what was done until then
 */
MUST_USE int proctable_read(struct proctable *t, proctable_see *see, void *ctx,
                            struct proctable_counts *counts);

#endif
