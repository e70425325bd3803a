/**
 * @file live_cpu.h
 * The CPU time of a node's threads, of the node and of the machine, as the
 * kernel counts it, over the last intervals of a view.
 */
#ifndef CPROF_RECORDER_LIVE_CPU_H
#define CPROF_RECORDER_LIVE_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "target/threads.h"

enum {
    LIVE_CPU_SPANS = 25, /* intervals that can be looked back */
    LIVE_CPU_MARKS = LIVE_CPU_SPANS + 1,
    LIVE_CPU_THREADS = 2000, /* of a node; its schedulers are its oldest */
};

/** The times at the end of an interval. */
struct live_cpu_mark {
    uint64_t at_ns;
    uint64_t node_ns;   /**< CPU time of the node; 0: not known */
    uint64_t busy, all; /**< of the machine, in clock ticks; 0: likewise, or
                             not asked for */
};

struct live_cpu_thread {
    pid_t tid;
    enum thread_kind kind;
    unsigned number;
    uint64_t runs; /**< how often it has come onto a CPU since it began */
    uint64_t ns[LIVE_CPU_MARKS];        /**< its CPU time, by mark */
    uint64_t waited_ns[LIVE_CPU_MARKS]; /**< for a CPU, likewise */
};

/** Must be all 0 before the first mark. */
struct live_cpu {
    struct live_cpu_mark marks[LIVE_CPU_MARKS];
    uint64_t count;                  /**< marks so far */
    struct live_cpu_thread *threads; /**< sorted by tid */
    size_t thread_count;
};

void live_cpu_deinit(struct live_cpu *c);
/** An interval ends, or the first one begins. 0 or -ENOMEM. */
MUST_USE int live_cpu_mark(struct live_cpu *c, pid_t pid,
                           const struct threads *now);
/** Adds what the machine used to the last mark. With many CPUs the kernel takes
 *  long to say that. */
void live_cpu_mark_machine(struct live_cpu *c);
/** NULL: there is none with that tid. */
const struct live_cpu_thread *live_cpu_find(const struct live_cpu *c,
                                            pid_t tid);
/** How many of the last `want` intervals there are to look back on. */
unsigned live_cpu_spans(const struct live_cpu *c, unsigned want);
/** How long the last `spans` intervals were. */
uint64_t live_cpu_span_ns(const struct live_cpu *c, unsigned spans);
/** CPUs that were used on average in that time; NAN if that is not known. */
double live_cpu_of_thread(const struct live_cpu *c,
                          const struct live_cpu_thread *t, unsigned spans);
/** The share of the time for which it waited for one. */
double live_cpu_waited(const struct live_cpu *c,
                       const struct live_cpu_thread *t, unsigned spans);
double live_cpu_of_node(const struct live_cpu *c, unsigned spans);
double live_cpu_of_machine(const struct live_cpu *c, unsigned spans,
                           unsigned cpu_count);

/** The CPU time that a process has used; 0: it has ended. */
uint64_t live_cpu_node_ns(pid_t pid);

/** The first line of /proc/stat. 0, or -E_FORMAT. Pure. */
MUST_USE int live_cpu_parse(const char *text, uint64_t *busy, uint64_t *all);

#endif
