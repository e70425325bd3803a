/**
 * @file snapshot.h
 * The figures of a node at one moment, read from outside: of its processes and
 * their mailboxes, binaries and heaps, of its schedulers, and where processes
 * wait. docs/snapshot.md says what each figure means; the snapshot from inside
 * the node has the same ones, and more. It is built by
 * recorder/snapshot_read.c, from two readings, and only read after that.
 */
#ifndef CPROF_PROFILE_SNAPSHOT_H
#define CPROF_PROFILE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/procsums.h"
#include "profile/dump.h"

enum snapshot_kind {
    SNAPSHOT_NORMAL,
    SNAPSHOT_DIRTY_CPU,
    SNAPSHOT_DIRTY_IO,
    SNAPSHOT_KINDS
};

/** What a scheduler did between the readings; shares of that time. */
struct snapshot_scheduler {
    uint32_t id; /**< the VM's number, from 1; dirty ones follow */
    enum snapshot_kind kind;
    bool known; /**< the kernel gave the figures */
    double cpu; /**< its thread was on a CPU, at work or busy-waiting */
    double waiting_for_cpu; /**< its thread was ready to run, but had no CPU */
};

/** A process in one of the lists, and what the list is about. */
struct snapshot_row {
    uint64_t term; /**< its pid, as the VM holds it */
    struct dump_member who;
    uint32_t stack;  /**< as in a group of the dump */
    uint64_t figure; /**< messages, bytes or reductions */
    bool was_seen;   /**< by the first reading, too */
    double per_s;    /**< of reductions, or growth of a mailbox, if was_seen */
    uint64_t mailbox_bytes; /**< mailboxes: what its messages take, without
                                 those on the heap; FIGURE_UNKNOWN */
    bool mailbox_at_least;  /**< they take more */
    bool has_heap;
    uint64_t heap_bytes; /**< binaries: of its heap */
    double still_ms; /**< binaries, if was_seen: how long they have not changed
                          while the process did next to nothing */
};

struct snapshot_list {
    struct snapshot_row *rows;
    size_t count;
};

/** The lists: what each is ordered by. */
enum snapshot_top {
    SNAPSHOT_REDUCTIONS,
    SNAPSHOT_MAILBOXES,
    SNAPSHOT_BINARIES,
    SNAPSHOT_LEAKS, /**< binaries per heap */
    SNAPSHOT_HEAPS,
    SNAPSHOT_TOPS
};

/** Figures that were found in the node's memory, or not. */
struct snapshot_known {
    bool mailboxes, reductions, heaps, binaries;
};

struct snapshot {
    struct dump *dump;   /**< the second reading: states, groups, who is asked;
                              its profile has all texts */
    uint64_t at_us;      /**< system time of the second reading */
    uint64_t took_us;    /**< by that reading */
    uint64_t elapsed_us; /**< from the first reading to the second */
    uint64_t processes;  /**< of the node, by the VM's counter */
    uint64_t limit;      /**< slots of the process table */
    uint64_t resident;   /**< bytes of the node in RAM; FIGURE_UNKNOWN */
    unsigned top;        /**< rows that each list can have */
    bool knows_created;
    double created_per_s; /**< processes */
    struct snapshot_known knows;
    struct procsums sums; /**< of the second reading */
    uint64_t implausible; /**< processes with an impossible figure, which is in
                               no sum */
    struct snapshot_list tops[SNAPSHOT_TOPS];
    struct dump_groups waiting;            /**< by stack and initial call */
    struct snapshot_scheduler *schedulers; /**< by kind and id */
    size_t scheduler_count;
};

/** NULL: there is not enough memory. The caller owns it, and sets its dump. */
struct snapshot *snapshot_create(void);
void snapshot_destroy(struct snapshot *s);
const char *snapshot_kind_word(enum snapshot_kind kind);

/** What only the node itself knows: the key of a report, and what it is. Ends
 *  with a row of NULLs. */
struct snapshot_missing {
    const char *key, *what;
};
extern const struct snapshot_missing snapshot_inside[];
enum { SNAPSHOT_FIGURES = 5 };
/** The same for a figure that was not found in this node's memory; NULL: it is
 *  known. @param figure  below SNAPSHOT_FIGURES */
const struct snapshot_missing *snapshot_not_found(const struct snapshot *s,
                                                  unsigned figure);

#endif
