/**
 * @file moment.h
 * What a view of a running node (`cprof top`) shows of one moment: facts about
 * threads, functions and processes. It is gathered by recorder/live.c and only
 * read after that. What is not known is FIGURE_UNKNOWN, or NAN.
 *
 * Figures of CPU time and all rates are of a span that ends now: span_ns, or
 * rate_ns of a process. So they never mix in anything older, as a moving
 * average would.
 */
#ifndef CPROF_PROFILE_MOMENT_H
#define CPROF_PROFILE_MOMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/figure.h"
#include "profile/process_names.h"
#include "profile/profile.h"
#include "profile/summary.h"

/** A thread, or all threads of a kind that has no work of its own to show. */
struct moment_thread {
    const char *kind; /**< as in target/threads.h; not owned */
    unsigned number;  /**< from 1; 0: all of the kind together */
    unsigned threads; /**< 1, or how many there are of the kind */
    double used;      /**< CPUs that it used, by the kernel; NAN: not known */
    uint64_t samples; /**< of it; the sum of by_state */
    uint64_t by_state[STATE_COUNT];
};

/** A process, as it was read last. */
struct moment_process {
    uint64_t term;    /**< its pid, as the VM holds it */
    uint32_t process; /**< row of the profile */
    uint32_t stack;   /**< of the profile; PROFILE_NONE: none */
    enum sample_state state;
    uint64_t queue, reductions; /**< messages; so far */
    bool queue_at_least;        /**< more messages may wait */
    uint64_t memory, binaries;  /**< bytes: its heap with the messages in its
                                     mailbox; off-heap binaries that it refers
                                     to */
    bool memory_at_least;       /**< not all messages were followed */
    double growth, speed; /**< messages and reductions per second, over rate_ns;
                               NAN: it was read only once */
    uint64_t rate_ns;
    uint64_t cpu_ns;  /**< in the span, by samples */
    uint64_t waiting; /**< of those that were read, how many wait for its
                           answer */
};

struct moment {
    /** Names, stacks and processes; all ids are of this profile. It has more
     *  rows than those of the span. */
    const struct profile *profile;
    struct process_names names;
    const char *engine;  /**< NULL: none */
    int no_cpu;          /**< why there are no samples; 0: there are */
    int no_processes;    /**< why the process table cannot be read; 0: it can */
    bool stopped;        /**< a signal has stopped the node */
    uint64_t elapsed_ns; /**< since the view was opened */
    uint64_t span_ns;    /**< of CPU time; 0: nothing was measured yet */
    /** The samples of the span: a profile of its own, and its figures; NULL:
     *  there is none. */
    struct profile *window;
    struct summary summary;
    uint64_t lost;      /**< samples of the span */
    double node_cpus;   /**< CPUs that the node used; NAN: not known */
    double all_cpus;    /**< that everything on this machine used; likewise */
    unsigned cpu_count; /**< 0: not known */
    /** Normal schedulers by number, then the other kinds. */
    struct moment_thread *threads;
    size_t thread_count;
    struct moment_process *processes; /**< sorted by term */
    size_t process_count;
    uint64_t in_table;  /**< processes of the node */
    bool is_part;       /**< only some of these were read */
    uint64_t age_ns;    /**< since they were read */
    uint64_t queue_sum; /**< messages of those that were read */
    bool has_queues;    /**< is queue_sum known? */
    uint64_t others_ns; /**< by processes that ended or were not read */
};

void moment_deinit(struct moment *m);

/** The columns by which processes are sorted. */
enum moment_column {
    MOMENT_CPU,
    MOMENT_REDUCTIONS, /**< per second */
    MOMENT_MAILBOX,
    MOMENT_MEMORY,
    MOMENT_BINARIES,
    MOMENT_WAITS, /**< first those for which most others wait, then those that
                       wait for an answer, those that wait for the same one
                       side by side */
    MOMENT_COLUMNS
};

/** "cpu", "mailbox", ...; NULL from MOMENT_COLUMNS on. */
const char *moment_column_name(size_t column);

/**
 * The processes that match, in the order of a column: the largest first, what
 * is not known last. Those that are equal come in the order of reductions.
 * @param match  part of the name, pid, label, initial call or of what it waits
 *               for, in any case; "": all
 * @param order  indexes of m->processes; the caller frees it
 * @return how many, or -ENOMEM
 */
MUST_USE int64_t moment_order(const struct moment *m, enum moment_column column,
                              const char *match, uint32_t **order);

/** Its pid and its name ("" if nothing is known), as reports show them. */
const char *moment_pid(const struct moment *m, const struct moment_process *p);
const char *moment_name(const struct moment *m, const struct moment_process *p);
/** The name of its innermost frame; "" if it has none. */
const char *moment_leaf(const struct moment *m, const struct moment_process *p);
/** What it does now: "[waits for db]", "[runnable]", "idle",
 *  "in shop:wait/1", "[gc]", ... */
void moment_doing(const struct moment *m, const struct moment_process *p,
                  struct buffer *out);
/** The process with that pid term; NULL: it was not read. */
const struct moment_process *moment_find(const struct moment *m, uint64_t term);
/** Sets `waiting` of all processes. 0 or -ENOMEM. */
MUST_USE int moment_count_waiting(struct moment *m);
/** Does one wait for an answer of the other? */
bool moment_waits_for(const struct moment *m, const struct moment_process *one,
                      const struct moment_process *other);
/** The samples of the span in which that process ran, as in `window`. 0, or as
 *  filter_apply; then *out and *s are unchanged. The caller frees both. */
MUST_USE int moment_own_samples(const struct moment *m,
                                const struct moment_process *p,
                                struct profile **out, struct summary *s);

#endif
