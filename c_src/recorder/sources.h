/**
 * @file sources.h
 * Where the samples of a recording come from: for each of its events an engine,
 * and the profile that the samples go to.
 */
#ifndef CPROF_RECORDER_SOURCES_H
#define CPROF_RECORDER_SOURCES_H

#include "base/err.h"
#include "engine/engine.h"
#include "profile/profile.h"
#include "recorder/session.h"
#include "recorder/target_state.h"

/** The usual rates. */
#define SOURCES_CPU_RATE   99
#define SOURCES_WALL_RATE  10
#define SOURCES_ALLOC_RATE 999
#define SOURCES_BLOCK_RATE 1000

struct source {
    enum event event;
    struct profile *profile; /**< borrowed */
    const struct engine_ops *ops;
    struct engine *engine; /**< NULL: not open */
    uint64_t polled_ns;    /**< when its poll last ended */
    uint64_t untaken;      /**< samples that there was no time to process */
};

struct sources {
    struct source list[EVENT_COUNT]; /**< in the order of the events */
    size_t count;
    struct proctable *processes; /**< for the event wall */
    int no_cpu; /**< why CPU time is not sampled, explained; 0: it is */
};

/** What the engines are opened with. */
struct sources_setup {
    struct target_state *target;
    const struct session_options *options;
    struct engine_view view;
    void (*meanwhile)(void *ctx); /**< of struct engine_config */
    void *meanwhile_ctx;
};

/** How many samples, or readings, per second any engine of that event takes at
 *  most; at least ENGINE_MIN_RATE. */
unsigned sources_max_rate(enum event event);
/** How many it takes if the user does not say it. */
unsigned sources_usual_rate(enum event event);
/** Makes the profiles of a set of events, and notes which source they are of.
 *  The caller owns *out, the first of them. 0, -ENOMEM, or -EINVAL for the
 * empty set. */
MUST_USE int sources_begin(struct sources *s, unsigned events,
                           struct profile **out);
/** Opens an engine for each event. 0, or the error of the first that cannot be
 *  opened; sources_close frees the others. A live view goes on without sources
 *  then; no_cpu says why. */
MUST_USE int sources_open(struct sources *s, const struct sources_setup *setup);
MUST_USE int sources_start(struct sources *s);
void sources_stop(struct sources *s);
void sources_close(struct sources *s);
/** Passes what is known of the node now to all engines. 0 or their error. */
MUST_USE int sources_follow(struct sources *s, const struct engine_view *view);
/** Adds the samples of all events so far, and those that were lost. */
void sources_count(const struct sources *s, struct session_progress *add_to);
/** The source of that event, or NULL. */
struct source *sources_of(struct sources *s, enum event event);
/** Must samples of any event be handled soon (struct engine_ops)? */
bool sources_are_soon(const struct sources *s);
/** How long the engines without a time of their own may be waited for, until
 *  another one is due: at most timeout_ms. */
int sources_wait_ms(const struct sources *s, int timeout_ms);
/** Waits if there is no source to wait for. */
void sources_rest(const struct sources *s, int ms);
/** The name of the first engine; NULL: there is none. */
const char *sources_engine(const struct sources *s);
/** Is it now, or within a millisecond, that the source must be polled? */
bool sources_is_due(const struct source *s);

#endif
