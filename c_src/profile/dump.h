/**
 * @file dump.h
 * What a node was doing at one moment: each of its threads that run Erlang code
 * or work for them, and all processes, as groups by state and stack. It is
 * built by recorder/dump_read.c and only read after that. Ids of strings,
 * stacks and processes are those of its profile, which has no samples.
 */
#ifndef CPROF_PROFILE_DUMP_H
#define CPROF_PROFILE_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "profile/dump_groups.h"
#include "profile/profile.h"

/** The functions from which a process is asked most. */
enum { DUMP_SITES = 3 };

#define DUMP_NONE UINT32_MAX

/** A process whose answer others wait for. */
struct dump_asked {
    struct dump_member who;
    uint64_t term;        /**< its pid, as the VM holds it */
    uint64_t waiting;     /**< processes that wait for its answer */
    uint64_t in_all;      /**< these, those that wait for them, and so on */
    bool seen;            /**< false: it has ended, or could not be read */
    enum procstate state; /**< of itself, if it was seen */
    uint32_t stack;       /**< as in a group */
    uint32_t asks;        /**< whose answer it waits for itself: a place in
                               `asked`, or DUMP_NONE */
    bool circle;          /**< it waits, through others or not, for itself */
    struct {
        uint32_t function;
        uint64_t processes;
    } sites[DUMP_SITES]; /**< where it is asked, the most frequent first */
    unsigned site_count;
};

/**
 * How many processes of the table had which outcome (target/proctable.h);
 * `used` is the sum of the others. The text says why they are not shown; NULL:
 * they are shown.
 */
#define DUMP_COUNTS(X)                                                         \
    X(used, NULL)                                                              \
    X(seen, NULL)                                                              \
    X(torn, "in motion whenever read")                                         \
    X(unreadable, "unreadable")                                                \
    X(ended, "ended meanwhile")                                                \
    X(being_made, "being made")

struct dump_counts {
#define X(name, text) uint64_t name;
    DUMP_COUNTS(X)
#undef X
};

/** X(id, name): how it is known what a thread does. */
#define DUMP_SEEN(X)                                                           \
    X(SAMPLED, "sampled") /* an engine caught it on a CPU */                   \
    X(ASLEEP, "asleep")   /* it did not run, and its memory was read */        \
    X(UNSEEN, "unseen")   /* neither, as long as threads were watched */

enum dump_seen {
#define X(id, name) DUMP_##id,
    DUMP_SEEN(X)
#undef X
};

const char *dump_seen_name(enum dump_seen seen);

/** A thread that runs Erlang code, or works for those that do. */
struct dump_thread {
    const char *kind; /**< as in target/threads.h; not owned */
    unsigned number;  /**< the VM's, from 1 */
    enum dump_seen seen;
    enum sample_state state; /**< unless it is unseen */
    uint32_t stack;          /**< PROFILE_NONE: not known */
    bool unverified;         /**< the Erlang part of the stack was read later */
    bool has_process;        /**< it runs one; of an unseen thread: when the
                                  watch ended */
    struct dump_member process;
    uint64_t age_ns;   /**< from when it was seen to the end of the watch */
    uint64_t still_ns; /**< asleep: it had not run for at least that long; 0:
                            not known */
};

struct dump_threads {
    struct dump_thread *list; /**< by kind and number */
    size_t count;
    size_t others;       /**< threads of the node that are of no such kind */
    uint64_t watched_ns; /**< how long the watch took */
    bool held;           /**< the engine stopped threads for its samples */
    int engine_why;      /**< why no engine, or not the best one, was used
                              (meta.engine is the one that was); 0: it was the
                              best */
    int asleep_why; /**< why threads that do not run could not be read; 0: they
                         could */
};

struct dump {
    struct profile *profile; /**< meta.duration_ns: the time for reading the
                                  process table */
    struct dump_threads threads;
    struct dump_counts counts;
    bool stopped;              /**< a signal had stopped the node */
    struct dump_groups groups; /**< by state and stack */
    uint64_t asking; /**< processes that wait for an answer; of these: */
    uint64_t asking_unknown; /**< it was not found out whose */
    struct dump_asked *asked;
    size_t asked_count, asked_cap;
};

/** The caller owns it; 0, -ENOMEM or -E_LIMIT. */
MUST_USE int dump_create(struct dump **out);
void dump_destroy(struct dump *d);
/** Fills in `in_all` and `circle` of all that are asked, and puts those first
 *  for which most wait in all. 0 or -ENOMEM. */
MUST_USE int dump_settle_asked(struct dump *d);
/** How many processes are in that state. */
uint64_t dump_in_state(const struct dump *d, enum procstate state);
/** Why a group in that state has no stack; NULL: it has one. */
const char *dump_no_stack(const struct dump_group *g);

#endif
