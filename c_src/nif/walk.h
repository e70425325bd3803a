/**
 * @file walk.h
 * One pass over all processes of the node, which reads figures from their
 * structs.
 *
 * Why this is safe: only three kinds of memory are read: the table, which is
 * never freed; the `size` bytes of a struct that the table points to; and our
 * own memory. A struct that leaves the table is freed by a thread-progress
 * callback (erl_process.c, erts_continue_exit_process: schedule_later_cleanup
 * of erts_proc_dec_refc), which waits until every normal scheduler has gone
 * through its main loop once. While a normal scheduler is in a NIF, it does
 * not. So a pointer that was read from the table stays valid until the present
 * call returns; between calls only the number of the slot is kept. Dirty
 * schedulers and other threads do not take part in thread progress, so a walk
 * is refused there. Pointers in a struct are compared, but never followed.
 *
 * Each figure is read by one aligned load. The figures of one process may be
 * from slightly different moments, and processes that are created or end during
 * the walk may be missed.
 */
#ifndef CPROF_NIF_WALK_H
#define CPROF_NIF_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/procstate.h"
#include "base/procsums.h"
#include "nif/process_table.h"
#include "nif/walk_groups.h"
#include "nif/walk_heaps.h"
#include "nif/walk_layout.h"
#include "nif/walk_memory.h"

/** The figures of one process. */
struct walk_process {
    uint32_t state;
    uint64_t reductions;
    struct procsums_process figures;
};

struct walk {
    struct process_table table;
    struct walk_layout layout;
    struct walk_memory *memory; /**< NULL: no comparison with the last walk */
    uint32_t top;               /**< rows in each list */
    bool with_heaps;            /**< also what heaps hold, and a sample */
    uint64_t atoms;  /**< atom_count: a term with a higher index is no atom */
    uint64_t canary; /**< pid of the process with known figures */

    uint32_t slot;                    /**< the next one */
    uint32_t rows_read, rows_written; /**< of memory->before and ->next */
    uint64_t began_ns, elapsed_ns;    /**< elapsed: since the last walk, or 0 */
    uint32_t calls;
    uint64_t longest_ns, longest_cpu_ns; /**< of a single call */

    uint64_t embryos, implausible; /**< processes: not yet filled in; refused */
    struct procsums sums;
    uint32_t created_before, created;
    bool canary_seen;
    struct procsums_process canary_figures;
    bool canary_heap_read;
    struct walk_heap canary_heap;
    struct walk_groups groups;
    struct walk_heaps heaps;
};

/** w is zeroed, except table, layout, memory, top, with_heaps, atoms and
 *  canary. */
void walk_begin(struct walk *w);
/** Continues for about 0.12 ms; false: there is more to do. */
bool walk_step(struct walk *w);
/** Sorts the results, and gives w->memory back, for the next walk to compare
 *  with. */
void walk_end(struct walk *w);
/** Gives up an unfinished walk: the next one compares with the last complete
 *  one. */
void walk_abandon(struct walk *w);
/** Counts a call that began at these times and ends now. */
void walk_held(struct walk *w, uint64_t began_ns, uint64_t began_cpu_ns);

#endif
