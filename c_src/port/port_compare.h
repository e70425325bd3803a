/**
 * @file port_compare.h
 * The port's command `diff`: recordings in, a comparison out.
 */
#ifndef CPROF_PORT_PORT_COMPARE_H
#define CPROF_PORT_PORT_COMPARE_H

#include "port/port.h"

/** Appends the reply to out. 0; -E_USAGE if a side has no recording; or an
 * error of reading, filtering or comparing them. */
MUST_USE int port_compare(const struct port_request *r, struct buffer *out);

#endif
