/**
 * @file port_watch.h
 * What `cprof watch` reports (profile/watch_event.h), as an event of the port's
 * protocol: {0, event, Map}, with the keys of the lines of JSON.
 */
#ifndef CPROF_PORT_PORT_WATCH_H
#define CPROF_PORT_PORT_WATCH_H

#include "base/buffer.h"
#include "base/err.h"
#include "profile/watch_event.h"

/** Appends a packet with its length. 0 or -E_LIMIT. */
MUST_USE int port_watch_event(struct buffer *out, const struct watch_event *e);
/** The answer to a command line that is wrong, in place of all events: {0,
 *  error, {invalid_option, Text}}. Appends a packet with its length. 0 or
 *  -E_LIMIT. */
MUST_USE int port_watch_refused(struct buffer *out, const char *text);

#endif
