/**
 * @file session.h
 * One recording from attach to profile: target, engine, unwinder, symbols and
 * the pipeline held together. The command line and the port both run this
 * one; it prints nothing.
 */
#ifndef CPROF_RECORDER_SESSION_H
#define CPROF_RECORDER_SESSION_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "profile/profile.h"

struct session_options {
    pid_t pid;
    unsigned rate;        /**< Hz */
    const char *engine;   /**< ENGINE_AUTO, or one of engine_all */
    const char *event;    /**< one of engine_event_names */
    bool kernel;          /**< kernel stacks */
    bool force;           /**< where the engine would rather refuse */
    bool timeline;        /**< keep the time of each sample */
    bool no_command;      /**< the command line is left out */
    uint64_t duration_ns; /**< of the recording; 0: not known */
    /** Borrowed: once it is not 0 everything below comes to its end within a
     *  second. NULL: nobody asks. */
    const volatile sig_atomic_t *stop;
};

/** Figures for a progress line. */
struct session_progress {
    uint64_t elapsed_ns;
    uint64_t samples, lost; /**< so far */
};

struct session;

/** Attaches, arms and starts sampling. -EINTR when *stop got set meanwhile;
 *  -E_TIME when the node could not be read in TARGET_ATTACH_MS. */
MUST_USE int session_open(const struct session_options *o,
                          struct session **out);
/**
 * Works for about ms milliseconds, 0.7 s more at most, and no longer than
 * 0.3 s once *stop is set. 0, or -E_GONE when the node ended: what was
 * sampled until then is there. Must be called again and again, or samples are
 * lost.
 */
MUST_USE int session_run(struct session *s, unsigned ms);
/** What was sampled so far; it grows while the session runs. Borrowed until
 *  session_finish or session_close. */
struct profile *session_profile(struct session *s);
struct session_progress session_progress(const struct session *s);
/** Ends sampling, takes what is queued and hands out the profile; the caller
 *  owns it. What is not taken within 5 s (0.3 s once *stop is set) counts as
 *  lost. To be called once. On an error *out is as it was. */
MUST_USE int session_finish(struct session *s, struct profile **out);
/** Lets go of the node, and of a profile that was not handed out. NULL is
 *  nothing. */
void session_close(struct session *s);

#endif
