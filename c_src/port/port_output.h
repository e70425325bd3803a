/**
 * @file port_output.h
 * The port's commands `render`, `check` and `write`. See port.h.
 */
#ifndef CPROF_PORT_PORT_OUTPUT_H
#define CPROF_PORT_PORT_OUTPUT_H

#include "port/port.h"
#include "profile/filter.h"

/** The filter that a request gives. It borrows r and names.
 *  @param names  holds the filter's list of processes */
struct filter port_filter(const struct port_request *r,
                          const char *names[static PORT_MAX_TEXTS]);
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
