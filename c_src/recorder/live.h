/**
 * @file live.h
 * A view of a running node that goes on and on (`cprof top`): a recording of
 * CPU time that is cut into intervals, and the process table. It shows a moment
 * (profile/moment.h) after each interval. However long it runs, its memory does
 * not grow: samples of intervals that are not shown any more are dropped.
 */
#ifndef CPROF_RECORDER_LIVE_H
#define CPROF_RECORDER_LIVE_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "profile/moment.h"

/** Figures cover about this time, but at least one interval. */
enum { LIVE_SPAN_MS = 5000, LIVE_LEAST_MS = 200 };
/** Rows of a profile (live_rows) that has grown too large. */
enum { LIVE_ROWS = 40000 };

struct live_options {
    pid_t pid;
    unsigned rate;        /**< Hz */
    const char *engine;   /**< NULL: the best that works, or none */
    uint64_t interval_ms; /**< at least LIVE_LEAST_MS */
    size_t rows;          /**< 0: LIVE_ROWS */
    const volatile sig_atomic_t *stop; /**< as in session.h */
};

struct live;

/** Attaches and begins. The caller owns *out. Errors are those of session_open.
 *  It is not an error if only the processes, or only CPU time, can be seen. */
MUST_USE int live_open(const struct live_options *o, struct live **out);
void live_close(struct live *l);
/** Rows of what is known of the node: processes, stacks, samples, strings. When
 *  they are more than options.rows and twice those that were still shown at the
 *  last time, the others are dropped, at the end of an interval. */
size_t live_rows(const struct live *l);
/** Works for about ms milliseconds; must be called all the time. Returns 1 if
 *  an interval has just ended; 0; -E_GONE if the node has; or an error. */
MUST_USE int live_run(struct live *l, unsigned ms);
/** The process with this pid term is read each time from now on; 0: none. */
void live_watch(struct live *l, uint64_t term);
/** Looks at the node: what it does now is in *out until the next look. 0;
 *  -E_GONE if the node has ended; or an error. */
MUST_USE int live_look(struct live *l, const struct moment **out);

#endif
