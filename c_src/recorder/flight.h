/**
 * @file flight.h
 * A flight recorder: it samples the CPU time of a node at a low rate for as
 * long as it is open, and keeps only the last minutes. At any time, a part of
 * these can be cut out as a recording of its own, with a timeline of seconds.
 * About once a second it also measures the figures that conditions are about.
 *
 * All samples go into one profile, by the second in which they were taken.
 * When it has grown too large, the session goes on with a copy of what is
 * still wanted. So its memory is bounded by FLIGHT_ROWS and by the samples of
 * the time that is kept, however long it runs: a second has at most `rate`
 * samples per CPU that the node uses, and each has at most one row, stack and
 * process of its own.
 *
 * In a node that marks spans, samples are joined with them as in a recording
 * (span_join.h), and the spans that end are kept by the second
 * (flight_spans.h). Those that are alike are one row.
 */
#ifndef CPROF_RECORDER_FLIGHT_H
#define CPROF_RECORDER_FLIGHT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "profile/profile.h"
#include "profile/vitals.h"

enum {
    FLIGHT_MOST_S = 1200, /**< that can be kept */
    FLIGHT_ROWS = 20000,  /**< of a profile (flight_rows) that has grown */
};

struct flight_options {
    pid_t pid;
    unsigned rate;      /**< Hz */
    const char *engine; /**< ENGINE_AUTO, or one of engine_all */
    unsigned keep_s;    /**< at most FLIGHT_MOST_S */
    unsigned figures;   /**< that are measured; a set (VITAL_SET) */
    size_t rows;        /**< 0: FLIGHT_ROWS */
    bool no_command;    /**< leave out the node's command line */
    const volatile sig_atomic_t *stop; /**< as in session.h */
};

struct flight;

/** Attaches and begins. The caller owns *out. Errors are those of session_open.
 *  It is no error if the figures of processes cannot be known. */
MUST_USE int flight_open(const struct flight_options *o, struct flight **out);
/** Does nothing if f is NULL. */
void flight_close(struct flight *f);
/** The name of the engine, and that of the node ("" if it has none). */
const char *flight_engine(const struct flight *f);
const char *flight_node(const struct flight *f);
/** Why the figures of processes are not known; 0: they are, or are not
 *  measured. */
int flight_lacks(const struct flight *f);
/** Rows of what is known of the node: processes, stacks, samples, spans,
 *  strings. Those that are not needed any more are dropped when there are more
 *  than options.rows plus twice as many as were left the last time. */
size_t flight_rows(const struct flight *f);
/** "<0.123.0>" for the pid term of a process of this node. */
enum { FLIGHT_PID = 32 };
void flight_pid_text(const struct flight *f, uint64_t term,
                     char text[static FLIGHT_PID]);
/**
 * Works for about ms milliseconds; must be called again and again without a
 * pause, as session_run.
 * @param v  set if a second has ended
 * @return 1: a second has ended; 0; -E_GONE: the node has ended, and what was
 *         recorded can still be cut; or another error
 */
MUST_USE int flight_run(struct flight *f, unsigned ms, struct vitals *v);
/**
 * Makes a recording of the seconds from from_ns to to_ns (CLOCK_MONOTONIC), as
 * far as they are kept, and until now at the latest. The caller owns *out. 0,
 * or an error of the profile.
 */
MUST_USE int flight_cut(struct flight *f, uint64_t from_ns, uint64_t to_ns,
                        struct profile **out);

#endif
