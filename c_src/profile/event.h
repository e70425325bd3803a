/**
 * @file event.h
 * What a recording can be of. One recording may be of several events; reports
 * have them in this order.
 */
#ifndef CPROF_PROFILE_EVENT_H
#define CPROF_PROFILE_EVENT_H

#include "base/err.h"

/** X(id, name, title). The name is a word of the option --event, and the key of
 *  the event in files; the title is for people. */
#define EVENTS(X)                                                              \
    X(CPU, "cpu", "CPU time")         /* of threads */                         \
    X(WALL, "wall", "Process time")   /* of processes, waiting or not */       \
    X(BLOCK, "block", "Blocked time") /* of threads that ran a process */

enum event {
#define X(id, name, title) EVENT_##id,
    EVENTS(X)
#undef X
        EVENT_COUNT
};

/** The set of one event; sets are joined by `|`. */
#define EVENT_SET(event) (1u << (event))

const char *event_name(enum event event);
const char *event_title(enum event event);
/** 0, or -E_FORMAT if no event has that name. */
MUST_USE int event_parse(const char *name, enum event *event);

#endif
