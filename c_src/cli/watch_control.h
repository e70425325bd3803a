/**
 * @file watch_control.h
 * What `cprof watch` is told while it runs: by signals (SIGUSR1 asks for a
 * recording; SIGINT, SIGTERM and SIGHUP end it), and if it has been started
 * from within a node, by packets ({packet,4}) on stdin. The end of stdin ends
 * it, too.
 *
 *     fire WORD TEXT     asks for a recording: WORD is for the names of its
 *                        files, TEXT says why
 *     figure WORD NUMBER
 *                        a figure that only the node knows (struct vital_kind)
 *     stop               ends it
 */
#ifndef CPROF_CLI_WATCH_CONTROL_H
#define CPROF_CLI_WATCH_CONTROL_H

#include <signal.h>
#include <stdbool.h>

#include "profile/vitals.h"

enum { WATCH_WORD = 32, WATCH_CAUSE = 512 };

struct watch_request {
    /** A recording that was asked for. The cause is valid UTF-8. */
    char word[WATCH_WORD], cause[WATCH_CAUSE];
    /** Or a figure. */
    bool is_figure;
    enum vital vital;
    double value;
};

/** Not 0 once it is to end. */
extern volatile sig_atomic_t watch_stopped;

/** Takes the signals. */
void watch_control_begin(void);
/** Gives them back to the system, for a child process. */
void watch_control_end(void);
/** The next of these, if there is one.
 *  @param of_port  also look at stdin */
bool watch_control_next(bool of_port, struct watch_request *out);

#endif
