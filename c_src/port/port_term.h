/**
 * @file port_term.h
 * Checks that a packet is one well-formed term. ei trusts the lengths and
 * counts in the bytes, so a packet must pass this check before ei reads it.
 * Pure, no allocation.
 */
#ifndef CPROF_PORT_PORT_TERM_H
#define CPROF_PORT_PORT_TERM_H

#include <stddef.h>

#include "base/err.h"

/** How deeply containers may be nested. The deepest request needs 4 levels:
 *  tuple, map, list, tuple. */
enum { PORT_TERM_MAX_DEPTH = 8 };

/**
 * 0 if the packet is the version byte and exactly one term that consists of
 * integers, floats, atoms, binaries, strings, proper lists, tuples and maps and
 * is not nested deeper than PORT_TERM_MAX_DEPTH; otherwise -E_PROTOCOL.
 */
MUST_USE int port_term_check(const void *packet, size_t len);

#endif
