/**
 * @file port_output.h
 * The port's commands that make something of a recording: `render`, `check`,
 * `write`. See port.h.
 */
#ifndef CPROF_PORT_PORT_OUTPUT_H
#define CPROF_PORT_PORT_OUTPUT_H

#include "port/port.h"
#include "profile/filter.h"

/** What a request asks to be shown of a recording.
 *  @param names  where the filter's list of processes is kept */
struct filter port_filter(const struct port_request *r,
                          const char *names[static PORT_MAX_PROCESSES]);
/** Each appends its reply to out, or returns the error to reply with. */
MUST_USE int port_output_render(const struct port_request *r,
                                struct buffer *out);
MUST_USE int port_output_check(const struct port_request *r,
                               struct buffer *out);
MUST_USE int port_output_write(const struct port_request *r,
                               struct buffer *out);
/** What `write` does, without a reply. */
MUST_USE int port_output_save(const struct port_request *r);

#endif
