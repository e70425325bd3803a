/**
 * @file walk.h
 * One pass over all processes of the node, reading figures from their structs.
 *
 * Why that is safe. Only three kinds of memory are read: the table, which is
 * never freed; the `size` bytes of a struct that the table points to; and our
 * own. A struct that leaves the table is freed by a thread-progress callback
 * (erl_process.c, erts_continue_exit_process: schedule_later_cleanup of
 * erts_proc_dec_refc), which waits until every normal scheduler has gone
 * through its main loop once. A normal scheduler does not while it is in a
 * NIF. So a pointer that was read from the table in this very call is good
 * until the call returns; between calls only the slot's number is kept. Dirty
 * schedulers and other threads have no part in thread progress, so a walk on
 * one is refused. Pointers within the struct are compared, never followed.
 *
 * Each figure is one aligned load. Figures of one process may be of slightly
 * different moments, processes that come or go meanwhile may be missed.
 */
#ifndef CPROF_NIF_WALK_H
#define CPROF_NIF_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/procstate.h"
#include "nif/process_table.h"
#include "nif/walk_groups.h"
#include "nif/walk_layout.h"
#include "nif/walk_memory.h"
#include "nif/walk_top.h"

enum { QUEUE_CLASSES = 41 }; /* [0], [1], [2,3], [4,7], ... of lengths */

/** One process's figures. */
struct walk_process {
    uint64_t id;
    uint32_t state;
    uint64_t queue, reductions, vheap_words, heap_words;
};

struct walk {
    struct process_table table;
    struct walk_layout layout;
    struct walk_memory *memory; /**< NULL: without what was before */
    uint32_t top;
    uint64_t atoms;  /**< atom_count: a term with a higher index is none */
    uint64_t canary; /**< pid of the process with known figures */

    uint32_t slot;                    /**< the next one */
    uint32_t rows_read, rows_written; /**< of memory->before, ->next */
    uint64_t began_ns, elapsed_ns; /**< elapsed: since the walk before, or 0 */
    uint32_t calls;
    uint64_t longest_ns, longest_cpu_ns; /**< of one call */

    uint64_t count, embryos, implausible;
    uint64_t states[PROCSTATE_COUNT];
    uint64_t lower_bounds; /**< queues that may be longer */
    uint64_t queue_total, queue_max, queue_classes[QUEUE_CLASSES];
    uint64_t vheap_words;
    uint32_t created_before, created;
    bool canary_seen;
    struct walk_process canary_figures;
    /** Rows' more: queue before + 1, or 0; */
    struct walk_top queues;
    /** heap words, ms of standing still + 1; leaks by vheap per heap */
    struct walk_top binaries, leaks;
    struct walk_top memories, reductions;
    struct walk_groups groups;
};

/** w is zeroed memory with table, layout, memory, top, atoms and canary set. */
void walk_begin(struct walk *w);
/** Goes on for at most 0.12 ms; false: there is more to do. */
bool walk_step(struct walk *w);
/** Puts the results in order; gives the memory back. */
void walk_end(struct walk *w);
/** Gives a walk up: the next one compares with the last whole one. */
void walk_abandon(struct walk *w);
/** A call that began then has ended. */
void walk_held(struct walk *w, uint64_t began_ns, uint64_t began_cpu_ns);

#endif
