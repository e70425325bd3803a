/**
 * @file port_output.h
 * The port's commands that make something of a recording: `render`, `check`,
 * `write`. See port.h.
 */
#ifndef CPROF_CLI_PORT_OUTPUT_H
#define CPROF_CLI_PORT_OUTPUT_H

#include "port/port.h"

/** Each appends its reply to out, or returns the error to reply with. */
MUST_USE int port_output_render(const struct port_request *r,
                                struct buffer *out);
MUST_USE int port_output_check(const struct port_request *r,
                               struct buffer *out);
MUST_USE int port_output_write(const struct port_request *r,
                               struct buffer *out);

#endif
