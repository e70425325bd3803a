/**
 * @file port_term.h
 * Is a packet one well-formed term? ei reads lengths and counts out of the
 * bytes and believes them, so nothing is handed to ei before this said yes.
 * Pure, no allocation.
 */
#ifndef CPROF_PORT_PORT_TERM_H
#define CPROF_PORT_PORT_TERM_H

#include <stddef.h>

#include "base/err.h"

/** Containers within containers; a request needs 3 (tuple, map, list). */
enum { PORT_TERM_MAX_DEPTH = 8 };

/**
 * 0 when the packet is the version byte and exactly one term made of
 * integers, floats, atoms, binaries, strings, proper lists, tuples and maps,
 * not nested deeper than PORT_TERM_MAX_DEPTH; else -E_PROTOCOL.
 */
MUST_USE int port_term_check(const void *packet, size_t len);

#endif
