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
#include "target/layout.h"
#include "target/maps.h"
#include "target/sample.h"
#include "target/threads.h"

enum engine_event { ENGINE_CPU_CLOCK, ENGINE_CYCLES };

/** Their names, in that order; NULL-terminated. */
extern const char *const engine_event_names[];

/** The name that asks for the best engine that works. */
#define ENGINE_AUTO "auto"

/** Samples per second. */
#define ENGINE_MIN_RATE 1
#define ENGINE_MAX_RATE 10000

/** What is known of the node at the moment; borrowed for the call only. */
struct engine_view {
    const struct threads *threads;
    const struct layout *layout;
    const struct maps *maps;
    uint64_t code_list; /**< jit_head_address; 0: not known */
};

struct engine_config {
    pid_t pid;
    struct engine_view view;
    unsigned rate; /**< samples per second of CPU time, of each thread or of
                        each CPU */
    enum engine_event event;
    bool kernel_stacks; /**< ask for kernel stacks too */
    bool force;         /**< also where the engine would rather refuse */
    double max_cost;    /**< of the node's CPU time, for engines whose events
                             slow it down; 0: no bound */
};

struct engine_counters {
    uint64_t samples;
    uint64_t lost;      /**< dropped by the kernel, ring full */
    uint64_t lost_ns;   /**< CPU time that those stood for, where known */
    uint64_t throttled; /**< times the kernel slowed the event down */
    uint64_t missed; /**< samples given up: the thread did not stop in time */
    uint64_t late;   /**< handed out more than 10 ms after they were taken */
    uint64_t stack_cut; /**< stack copies as long as the engine copies */
    uint64_t bytes;     /**< read from the rings */
};

/** What events on threads cost the node, measured; all 0: nothing was. */
struct engine_cost {
    double share;        /**< of the CPU time that the node used without them */
    double bound;        /**< that the share was to stay below */
    double paused_share; /**< of the share, what they cost while not armed */
    uint64_t switches;   /**< times that a thread came onto a CPU */
    double switch_ns;    /**< added to each while the events are armed */
    double sampled_share; /**< of the time they are armed, at the end */
    uint64_t lowered;     /**< times that this was halved while sampling */
};

/** What is special about the samples of this run, for the report. */
struct engine_info {
    bool kernel_included;   /**< CPU time in the kernel is sampled */
    size_t ring_bytes;      /**< all rings together */
    unsigned stack_bytes;   /**< copied of the user stack per sample, now */
    size_t threads;         /**< being sampled now */
    size_t cpus;            /**< that have a clock for it; 0: threads have */
    size_t cpus_skipped;    /**< could not be given one */
    uint64_t unarmed_ns;    /**< in which CPUs had none yet on which the node
                                 may have run, at most */
    size_t threads_skipped; /**< could not be sampled */
    int skipped_why;        /**< the error of those; 0: not known */
    uint64_t hold_p50_ns;   /**< how long a thread was held for a sample: half
                                 of the times at most this; 0: never */
    uint64_t hold_p99_ns, hold_max_ns;
    uint64_t hold_limit_ns; /**< after which the kernel ends a hold */
    struct engine_cost cost;
};

struct engine;

/** The sample is valid during the call only.
 *  @return false: hand out no more for now; the rest stays in the rings */
typedef bool engine_on_sample(void *ctx, const struct sample *s);

struct engine_ops {
    const char *name;
    bool
        opt_in; /**< never chosen by ENGINE_AUTO: it stops the node's threads */
    /** Its samples must be handled soon after they were taken, because a part
     *  of the stack is read later or because its events cost the node time
     *  until then: what handling them needs is made ready before start. */
    bool soon;
    /** Can it work on this pid, right now? 0, or the error that open would
     *  give. Leaves nothing open. */
    int (*probe)(pid_t pid);
    /** Opens and arms; sampling begins with start. */
    int (*open)(const struct engine_config *config, struct engine **out);
    int (*start)(struct engine *e);
    /**
     * Waits at most timeout_ms for samples and hands them out, oldest first
     * per thread. @return 1 when there may be threads that are not sampled
     * yet (call follow), 0, or a negative error; -E_GONE when no thread of
     * the process is left.
     */
    int (*poll)(struct engine *e, int timeout_ms, engine_on_sample *on_sample,
                void *ctx);
    /** The view has changed: begins to sample new threads, copies by what is
     *  known now. */
    int (*follow)(struct engine *e, const struct engine_view *view);
    /** No new samples from here on; poll still hands out what is queued. */
    void (*stop)(struct engine *e);
    struct engine_counters (*counters)(const struct engine *e);
    struct engine_info (*info)(const struct engine *e);
    void (*close)(struct engine *e);
    /** May be NULL. To be called by on_sample: the copied stack of the sample
     *  in hand ended too early, so later ones of its thread should be longer.
     *  (The engine itself cannot tell for a stack that lies in a heap.) */
    void (*stack_short)(struct engine *e);
};

extern const struct engine_ops engine_bpf;
extern const struct engine_ops engine_perf;
extern const struct engine_ops engine_ptrace;

/** The chosen engine, and why a better one was not chosen. */
struct engine_choice {
    const struct engine_ops *ops;    /**< NULL: none, because of why */
    const struct engine_ops *better; /**< the best that ENGINE_AUTO had to pass
                                          over, because of why; or NULL */
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
 * Opens and arms the engine of that name; for ENGINE_AUTO the best that opens:
 * one that looked as if it worked but does not open is passed over.
 * @param choice what was taken, and the best that was passed over
 * @return 0; else an error, that of the best that was asked for
 */
MUST_USE int engine_open(const char *name, const struct engine_config *config,
                         struct engine_choice *choice, struct engine **out);
/** Every engine built in, best first; NULL-terminated. */
extern const struct engine_ops *const engine_all[];

#endif
