/**
 * @file procfigures.h
 * Figures of a process, out of a copy of its struct Process: messages,
 * reductions, words of its heap, and of the binaries that it refers to. The
 * same figures as process_info(P, message_queue_len | reductions |
 * garbage_collection_info) and as the NIF's walk gives (nif/walk.h).
 *
 * From outside no process has figures that are known in advance. So the places
 * of the figures are found by relations that hold in every process at rest, and
 * only there (struct process, ErtsSignalPrivQueues and ErtsSignalInQueue in
 * erts/emulator/beam/erl_process.h and erl_message.h):
 *
 *   heap      heap_sz words lie between heap and hend; high_water points into
 *             that heap, and is followed by old_hend, old_htop and old_heap,
 *             all of them 0 or in that order
 *   fragments live_hf_end is a pointer that the VM marks as invalid; around it
 *             lie the list of fragments, their size, the list of off-heap data
 *             and its size: where a list is empty, its size is 0
 *   queues    an empty queue's last pointer points to its first one, which is
 *             in the struct itself; its length is 0
 *   reductions  rcount, before them, is above 0 only in suspended processes;
 *             the group leader, behind them, is a pid; reductions do
 *             not decrease from one reading to the next
 *
 * The places are relative to what the relations find, so a build that has
 * other fields in between is read as well. No table of releases is needed. A
 * figure for which nearly all processes at rest do not agree on one place is
 * not known.
 */
#ifndef CPROF_TARGET_PROCFIGURES_H
#define CPROF_TARGET_PROCFIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/figure.h"
#include "target/layout.h"
#include "target/memory.h"

struct procfigures {
    uint64_t queue;       /**< messages; FIGURE_UNKNOWN; likewise below */
    uint64_t reductions;  /**< so far; not updated while the process runs */
    uint64_t heap_words;  /**< heap block, old heap, fragments */
    uint64_t vheap_words; /**< off-heap binaries that it refers to */
    bool queue_at_least;  /**< more messages may wait: the VM does not count
                               those before a signal that is not a message, nor
                               those in the buffers of parallel senders */
};

/** Nothing is known. */
struct procfigures procfigures_unknown(void);

enum procfigure {
    PROCFIGURE_QUEUE,
    PROCFIGURE_REDUCTIONS,
    PROCFIGURE_HEAP,
    PROCFIGURE_VHEAP,
    PROCFIGURE_COUNT
};

/** The queues of a process's signals: fetched, in between, not fetched. */
enum { PROCFIGURES_QUEUES = 3 };

/** Offsets in struct Process, in bytes. */
struct procfigures_places {
    bool known[PROCFIGURE_COUNT];
    uint32_t state; /**< flags */
    uint32_t queue; /**< messages that the process has fetched */
    uint32_t
        queue_middle;     /**< messages in between (since OTP 26); 0: no such */
    uint32_t queue_outer; /**< messages that it has not fetched */
    uint32_t buffers;     /**< of parallel senders, or 0 */
    /** {first, last} of the three queues, the one with the oldest signals
     *  first. */
    uint32_t queues[PROCFIGURES_QUEUES];
    uint32_t reductions;
    uint32_t heap, heap_size, high_water, old_hend, old_heap;
    uint32_t fragments, newest_fragment; /**< their words; the newest one */
    uint32_t off_heap; /**< list of data outside the heap; vheap follows it */
    uint32_t vheap, vheap_old;
    uint32_t bytes; /**< of a struct, that must be copied for all of them */
};

/**
 * Finds the places, from up to 1,024 processes of the table, read twice. Needs
 * the table, and LAYOUT_ID, HEND, CONTINUATION and STATE.
 * @return 0, whatever is known then; -ENOMEM; or an error of reading, except
 *         that something is not mapped
 */
MUST_USE int procfigures_find(const struct layout *l, const struct memory *m,
                              struct procfigures_places *out);

/** The figures in a copy of at least places->bytes bytes. A figure that is
 *  impossible because the process is changing it is not known. */
struct procfigures procfigures_of(const struct procfigures_places *places,
                                  const void *copy);

#endif
