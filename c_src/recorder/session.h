/**
 * @file session.h
 * One recording, from attach to profile: it owns target, engines, unwinder,
 * symbols and pipeline. The command line and the port both use it. It prints
 * nothing.
 */
#ifndef CPROF_RECORDER_SESSION_H
#define CPROF_RECORDER_SESSION_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "profile/profile.h"
#include "recorder/span_join.h"

struct pipeline;
struct sources;
struct target_state;

struct session_options {
    pid_t pid;
    unsigned events; /**< a set (EVENT_SET), not empty */
    /** By event, Hz: samples per second of CPU time; readings of the processes
     *  per second. Those of events that are not recorded are ignored. */
    unsigned rates[EVENT_COUNT];
    double alloc_cost;  /**< of allocation: the share of the node's CPU time
                             that it may cost; 0: a little less than 1 % */
    const char *engine; /**< of CPU time: ENGINE_AUTO, or one of engine_all */
    const char *clock;  /**< of CPU time: one of engine_event_names; NULL: the
                             first */
    bool kernel;        /**< record kernel stacks */
    bool force;         /**< record even if the engine would rather refuse */
    bool timeline;      /**< keep the time of each sample */
    bool no_command;    /**< leave out the node's command line */
    bool live; /**< for what has no end (live.h, flight.h): without an engine
                    of the user's choice it also opens if none works */
    uint64_t look_ns;         /**< the least time between looks at threads and
                                 libraries; 0: the usual one */
    struct span_choice spans; /**< not of what has no end (live) */
    /** Pids of processes that work for this recording, at most OWN_PIDS. They
     *  are in no sample of the event wall. Borrowed for the call. */
    const char *const *own;
    size_t own_count;
    uint64_t duration_ns; /**< of the recording; 0: not known */
    /** Borrowed. Once it is not 0, every function below returns within a
     *  second. NULL: the session cannot be stopped in this way. */
    const volatile sig_atomic_t *stop;
};

/** Figures for a progress line. */
struct session_progress {
    uint64_t elapsed_ns;
    uint64_t samples, lost; /**< so far, of all events */
};

struct session;

/** Attaches, and arms and starts the engines. The caller owns *out. -EINTR if
 *  *stop was set meanwhile; -E_TIME if the node could not be read within
 *  TARGET_ATTACH_MS. */
MUST_USE int session_open(const struct session_options *o,
                          struct session **out);
/**
 * Works for about ms milliseconds, at most 0.7 s more, and at most 0.3 s after
 * *stop is set. Returns 0, or -E_GONE if the node ended; the samples until then
 * are kept. Must be called repeatedly, or samples are lost.
 */
MUST_USE int session_run(struct session *s, unsigned ms);
/** What was sampled so far; it grows while the session runs. Borrowed until
 *  session_finish or session_close. */
struct profile *session_profile(struct session *s);
struct session_progress session_progress(const struct session *s);
/** What a view (live.h) or a part of a recording (flight.h) is made from;
 *  borrowed until session_close. */
struct session_parts {
    struct target_state *target;
    struct pipeline *pipeline;
    struct sources *sources;
};
struct session_parts session_parts(struct session *s);
/** Goes on with another profile, which the session then owns; the former one is
 *  the caller's. On an error, the session can only be closed. */
MUST_USE int session_renew(struct session *s, struct profile *fresh);
/** Ends sampling, processes the queued samples and hands out the profile (of
 *  several events: the first one), which the caller owns. Samples that are not
 * processed within 5 s (0.3 s once *stop is set) count as lost. To be called
 * once. On an error, *out is unchanged. */
MUST_USE int session_finish(struct session *s, struct profile **out);
/** Detaches from the node, and frees a profile that was not handed out. Does
 *  nothing if s is NULL. */
void session_close(struct session *s);

#endif
