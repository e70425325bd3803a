/**
 * @file proctable.h
 * All processes of the observed node at about one moment, read from its
 * process table, with a copy of the stack of each process that does not run.
 * The node keeps running meanwhile. So each struct Process is read twice, and
 * the fields that a process changes when it runs must be the same before and
 * after its stack was copied:
 *
 *   slot of the table -> struct Process -> stack -> struct Process again
 *
 * If they differ, the process is read again, a few times; then it is counted
 * and left out. So every stack that is reported was the stack of that process
 * while it was copied. A process that runs, is garbage collected or exits has
 * no stack here: it may change its stack at any time, and what is in memory
 * dates from before it was scheduled.
 *
 * Nothing is taken on trust: the table must hold the processes that the
 * schedulers run, each process id must contain the number of its slot, each
 * stack must end as all stacks do, and procfigures.h says which figures can be
 * relied on.
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
#include "target/procfigures.h"
#include "target/sample.h"

/** Bytes copied of one stack: the whole stack, or if it is longer than both
 *  together, these parts of its top and of its end. */
enum { PROCTABLE_TOP = 24 << 10, PROCTABLE_ROOT = 8 << 10 };

/** One process. Its pointers are valid during the call that receives it. */
struct proctable_process {
    uint64_t address, id; /**< of struct Process; its pid term */
    bool picked;          /**< read because its pid was asked for */
    uint64_t read_ns;     /**< CLOCK_MONOTONIC, soon after its stack was read */
    bool torn;            /**< its stack changed every time it was read */
    enum procstate state;
    bool has_name;         /**< it is registered; false if that is unknown */
    bool has_timer;        /**< its receive has a time limit; likewise */
    uint64_t initial[3];   /**< module, function, arity; 0 if unknown */
    uint64_t continuation; /**< Process.i: where it continues */
    struct procfigures figures; /**< also of one that runs */
    /** The stack begins at `stop` and ends at `hend`; 0 without one. */
    uint64_t stop, hend;
    const uint8_t *top, *root; /**< NULL: none, not needed */
    size_t top_bytes, root_bytes;
};

/** The process as a sample, which borrows its stack. */
struct sample proctable_sample(const struct proctable_process *p);

/** used = seen + torn + unreadable + ended + being_made. */
struct proctable_counts {
    uint64_t used;       /**< slots of the table that were in use */
    uint64_t seen;       /**< processes handed out */
    uint64_t torn;       /**< changed every time they were read */
    uint64_t unreadable; /**< not mapped, or without a valid stack */
    uint64_t ended;      /**< gone before they were read */
    uint64_t being_made; /**< in the table, but not yet filled in */
};

struct proctable;

/**
 * Checks that the layout is known and right as far as it is needed. l and m are
 * borrowed until proctable_close.
 * @param normal_exit  jit_normal_exit()
 * @return 0; -E_LAYOUT: the table or a field of struct Process is not known,
 *         or the table does not hold what the schedulers run; -ENOMEM; or a
 *         memory error
 */
MUST_USE int proctable_open(const struct layout *l, const struct memory *m,
                            uint64_t normal_exit, struct proctable **out);
void proctable_close(struct proctable *t);
/** Is this figure of processes known? */
bool proctable_has(const struct proctable *t, enum procfigure figure);
/** Where the figures are; borrowed. */
const struct procfigures_places *proctable_places(const struct proctable *t);

/** Receives each process. A negative error ends the reading. */
typedef int proctable_see(void *ctx, const struct proctable_process *p);

/**
 * Reads all processes once, in no particular order. Processes that are created
 * or end meanwhile may be missed.
 * @return 0, the error that `see` returned, -ENOMEM, or a memory error; *counts
 *         then says what was done until the error
 */
MUST_USE int proctable_read(struct proctable *t, proctable_see *see, void *ctx,
                            struct proctable_counts *counts);

/** Which processes to read: those with the pids, and of all others about
 *  `most`, each with the same probability. */
struct proctable_choice {
    size_t most;
    uint64_t *random;     /**< state of random_next */
    const uint64_t *pids; /**< terms; borrowed during the call */
    size_t pid_count;     /**< at most PROCTABLE_PICKED */
};

enum { PROCTABLE_PICKED = 64 };

/** What a part is a part of. */
struct proctable_part {
    uint64_t others; /**< slots in use, without those of the pids */
    uint64_t chosen; /**< how many of them were chosen */
    uint64_t picked; /**< slots of the pids that were in use */
    uint64_t wanted; /**< how many were to be chosen; after an error, some of
                          them were not reached */
};

/**
 * Reads the chosen processes, each only once: those that are found in motion at
 * the first try may be at rest at the second, so a second try would change the
 * shares of states. Processes whose stack changed while it was read are also
 * handed out, with their state, but without a stack.
 * @return like proctable_read; used = chosen + picked
 */
MUST_USE int proctable_read_part(struct proctable *t,
                                 const struct proctable_choice *choice,
                                 proctable_see *see, void *ctx,
                                 struct proctable_counts *counts,
                                 struct proctable_part *part);

#endif
