/**
 * @file port_output.h
 * The port's commands `render`, `check` and `write`. See port.h.
 */
#ifndef CPROF_PORT_PORT_OUTPUT_H
#define CPROF_PORT_PORT_OUTPUT_H

#include "port/port.h"
#include "profile/filter.h"

/** The lists of a filter. */
struct port_names {
    const char *processes[PORT_MAX_TEXTS], *spans[PORT_MAX_TEXTS];
};

/** The filter that a request gives. It borrows both. */
struct filter port_filter(const struct port_request *r,
                          struct port_names *names);
/** Each appends its reply to out and returns 0, or returns the error to reply
 *  with. */
MUST_USE int port_output_render(const struct port_request *r,
                                struct buffer *out);
MUST_USE int port_output_check(const struct port_request *r,
                               struct buffer *out);
MUST_USE int port_output_write(const struct port_request *r,
                               struct buffer *out);
/** Does the work of `write`, without a reply. */
MUST_USE int port_output_save(const struct port_request *r);

#endif
