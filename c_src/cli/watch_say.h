/**
 * @file watch_say.h
 * Where `cprof watch` reports to: a line on stdout, for people or of JSON, or
 * an event for the Erlang side of a port. Each is written at once, as a whole.
 */
#ifndef CPROF_CLI_WATCH_SAY_H
#define CPROF_CLI_WATCH_SAY_H

#include "base/err.h"
#include "profile/watch_event.h"

enum watch_form { WATCH_TEXT, WATCH_JSON, WATCH_PORT };

struct watch_say {
    enum watch_form form;
    int fd;
    int err; /**< of writing the last event */
};

/** An event of now, with nothing else known. */
struct watch_event watch_event_now(enum watch_kind kind);
/** 0, -E_LIMIT, -E_NO_READER: nobody reads it any more, or -errno. SIGPIPE must
 *  be ignored. */
MUST_USE int watch_say(struct watch_say *to, const struct watch_event *e);

#endif
