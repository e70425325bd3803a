/**
 * @file engine.h
 * How samples are taken. Each engine has one table of functions; each engine
 * file exports exactly one `const struct engine_ops engine_NAME`. An engine
 * observes the node only from outside. All that it knows about Erlang is in the
 * view: the threads, and the places of the bytes that a sample should contain.
 */
#ifndef CPROF_ENGINE_ENGINE_H
#define CPROF_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "target/collector.h"
#include "target/layout.h"
#include "target/maps.h"
#include "target/sample.h"
#include "target/threads.h"

/** The events on CPUs and threads; ENGINE_WALL samples processes instead. */
enum engine_event { ENGINE_CPU_CLOCK, ENGINE_CYCLES, ENGINE_WALL };

/** The names of the events, in this order; NULL-terminated. */
extern const char *const engine_event_names[];

/** The name that stands for the best engine that works. */
#define ENGINE_AUTO "auto"

/** Samples per second. */
#define ENGINE_MIN_RATE 1
#define ENGINE_MAX_RATE 10000
/** ENGINE_WALL: ticks per second. */
#define ENGINE_WALL_MAX_RATE 100

/** What is known of the node now; borrowed only for the call. */
struct engine_view {
    const struct threads *threads;
    const struct layout *layout;
    const struct maps *maps;
    uint64_t code_list;      /**< jit_head_address; 0: not known */
    const uint64_t *watched; /**< ENGINE_WALL: pid terms of the processes that
                                  are read at every tick, at most
                                  PROCTABLE_PICKED */
    size_t watched_count;
};

struct engine_config {
    pid_t pid;
    struct engine_view view;
    const struct collector *collector; /**< engine_alloc: the node's; borrowed
                                            for the call */
    struct proctable *processes; /**< ENGINE_WALL: the node's; borrowed until
                                      close */
    unsigned rate; /**< samples per second of CPU time, of each thread or of
                        each CPU; ENGINE_WALL: ticks per second; engine_alloc:
                        samples per second, at most */
    enum engine_event event;
    bool kernel_stacks; /**< also sample kernel stacks */
    bool force;         /**< sample even on a busy machine, where the engine
                             would refuse */
    double max_cost;    /**< for engines whose events slow the node down: the
                             share of its CPU time that they may cost; 0: no
                             bound, or the usual one of engine_alloc */
    /** ENGINE_WALL: called every few microseconds while processes are read, for
     *  what cannot wait until all are read. It may be NULL. */
    void (*meanwhile)(void *ctx);
    void *meanwhile_ctx;
};

struct engine_counters {
    uint64_t samples;
    uint64_t lost;      /**< samples that the kernel dropped: ring full */
    uint64_t lost_ns;   /**< CPU time that they stood for, where known */
    uint64_t effective; /**< engine_alloc: samples of equal weight that would
                             be as certain as these */
    uint64_t throttled; /**< times that the kernel slowed the event down */
    uint64_t missed; /**< samples given up: the thread did not stop in time */
    uint64_t late;   /**< samples handed out over 10 ms after they were taken */
    uint64_t stack_cut;  /**< stack copies of the full length */
    uint64_t bytes;      /**< read from the rings */
    uint64_t ticks;      /**< ENGINE_WALL: times that processes were read */
    uint64_t partial;    /**< of these, when only some processes were read */
    uint64_t changed;    /**< of those that were read: their stack changed */
    uint64_t unreadable; /**< they could not be read, or had no valid stack */
    uint64_t ended;      /**< not there when they were to be read */
};

/** What events on threads cost the node, as measured; all 0: not measured. */
struct engine_cost {
    double share;          /**< cost, as a share of the CPU time that the node
                                would have used without the events */
    double bound;          /**< that the share should stay below */
    double paused_share;   /**< the part of share while no event was armed */
    uint64_t switches;     /**< times that a thread came onto a CPU */
    double switch_ns;      /**< added to each of them while events are armed */
    double sampled_share;  /**< share of the time that events are armed, now */
    unsigned sampled_rate; /**< samples per second of CPU time meanwhile */
    uint64_t lowered;      /**< times that sampled_share was halved */
};

/** engine_alloc: what its breakpoints did; all 0: there were none. */
struct engine_probe {
    uint64_t sampled;  /**< collections */
    uint64_t missed;   /**< collections that were to be sampled, and were not,
                            because the thread was not known yet */
    double hit_ns;     /**< CPU time that a hit costs the node */
    double cost;       /**< of all breakpoints, as a share of the CPU time that
                            the node would have used without them */
    double bound;      /**< that this should stay below */
    double open_share; /**< part of the time in which collections were
                            sampled */
    double error;      /**< standard error of all bytes, because the rest was
                            not sampled; a share of them; below 0: not known */
    bool counted;      /**< the VM's own count of collections is known for all
                            of the rest */
    uint64_t windows;  /**< such parts of the time */
    uint64_t late;     /**< those of them that began later than planned,
                            because no CPU was free */
    double waited;     /**< part of the time that the node's threads could run
                            for which they had no CPU */
    uint64_t words;    /**< words of heaps that were watched */
    uint64_t found;    /**< those of them that a function wrote */
    double unseen;     /**< the part of the heap's bytes for which no function
                            did */
    size_t words_skipped; /**< CPUs on which words could not be watched, when
                               there were most of them */
    size_t words_cpus;    /**< all CPUs at that time */
    int words_why;        /**< the error of the first one that was skipped */
    uint64_t many; /**< collections with more binaries than are looked at */
};

/** Facts about the samples of this run, for the report. */
struct engine_info {
    bool kernel_included;   /**< CPU time in the kernel is sampled */
    size_t ring_bytes;      /**< all rings together */
    unsigned stack_bytes;   /**< most bytes copied of a user stack, now */
    size_t threads;         /**< sampled now */
    size_t cpus;            /**< that have an event; 0: threads have events */
    size_t cpus_skipped;    /**< that could not get an event */
    uint64_t unarmed_ns;    /**< the most time for which the node may have run
                                 on CPUs that did not have their event yet */
    size_t threads_skipped; /**< that could not be sampled */
    int skipped_why;        /**< the error of these CPUs or threads; 0: not
                                 known */
    uint64_t hold_p50_ns;   /**< how long a thread was held for a sample: the
                                 median; 0: none was held */
    uint64_t hold_p99_ns, hold_max_ns;
    uint64_t hold_limit_ns; /**< after which the kernel ends a hold */
    uint64_t unweighted_ns; /**< CPU time that no sample stands for, because it
                                 would have to count too much */
    uint64_t all_from_ns;   /**< engine_block: waits of at least this length
                                 were all taken */
    bool last_unread; /**< engine_block: there was no memory to read the waits
                           that had not ended when the recording did */
    struct engine_cost cost;
    struct engine_probe probe;
};

struct engine;

/** Receives a sample, which is valid only during the call.
 *  @return false: hand out no more for now; the rest stays in the rings */
typedef bool engine_on_sample(void *ctx, const struct sample *s);

struct engine_ops {
    const char *name;
    bool
        opt_in; /**< never chosen by ENGINE_AUTO: it stops the node's threads */
    /** Its samples must be handled soon after they were taken, because a part
     *  of the stack is read only then, or because sampling burdens the node.
     *  So the caller prepares everything that this needs before start. */
    bool soon;
    /** Can it work on this pid now? 0, or the error that open would return.
     *  Leaves nothing open. */
    int (*probe)(pid_t pid);
    /** Opens everything; sampling begins with start. */
    int (*open)(const struct engine_config *config, struct engine **out);
    int (*start)(struct engine *e);
    /**
     * Waits at most timeout_ms for samples and hands them out, those of each
     * thread from the oldest on.
     * @return 1 when there may be threads that are not sampled yet (call
     *         follow); 0; or a negative error, -E_GONE when no thread of the
     *         process is left
     */
    int (*poll)(struct engine *e, int timeout_ms, engine_on_sample *on_sample,
                void *ctx);
    /** To be called when the view has changed: begins to sample new threads,
     *  and copies by what is known now. */
    int (*follow)(struct engine *e, const struct engine_view *view);
    /** Ends sampling; poll still hands out the samples that are queued. */
    void (*stop)(struct engine *e);
    struct engine_counters (*counters)(const struct engine *e);
    struct engine_info (*info)(const struct engine *e);
    void (*close)(struct engine *e);
    /** NULL, or when (CLOCK_MONOTONIC) poll is to be called next, because this
     *  engine reads the node only in poll. Before that, poll only waits. */
    uint64_t (*due_ns)(const struct engine *e);
    /** May be NULL. To be called by on_sample when the stack copy of its sample
     *  ended too early: later copies of this thread should be longer. (The
     *  engine itself cannot know this for a stack that is part of a heap.) */
    void (*stack_short)(struct engine *e);
};

extern const struct engine_ops engine_bpf;
extern const struct engine_ops engine_perf;
extern const struct engine_ops engine_ptrace;
/** The only one for ENGINE_WALL; not in engine_all. */
extern const struct engine_ops engine_wall;
/** The only one for collections of heaps; likewise. */
extern const struct engine_ops engine_alloc;
/** The only one for waits of threads; not in engine_all. Its rate is samples
 *  per second of waiting time; if there is much of it, the rate is lowered. */
extern const struct engine_ops engine_block;

/** The chosen engine, and why a better one was not chosen. */
struct engine_choice {
    const struct engine_ops *ops;    /**< NULL: none, because of `why` */
    const struct engine_ops *better; /**< the best engine that ENGINE_AUTO had
                                          to skip, because of `why`; or NULL */
    int why;                         /**< 0, or the error, explained */
};

/**
 * Chooses by name; ENGINE_AUTO means the best engine that works on pid and is
 * not opt_in. why is -E_UNKNOWN_ENGINE when no engine has that name. Otherwise
 * it is the error of the best engine in question, as exact as the facts allow
 * (rights_explain).
 */
struct engine_choice engine_choose(const char *name, pid_t pid);
/**
 * Opens the engine of that name; for ENGINE_AUTO the best that opens: an engine
 * whose probe succeeded but that does not open is skipped.
 * @param choice  the engine that was opened, and the best that was skipped
 * @return 0; or an error, that of the best engine in question
 */
MUST_USE int engine_open(const char *name, const struct engine_config *config,
                         struct engine_choice *choice, struct engine **out);
/** All engines, best first; NULL-terminated. */
extern const struct engine_ops *const engine_all[];

#endif
