/**
 * @file cnode_epmd.h
 * Where a node of this machine listens: epmd knows it (erl_dist_protocol in
 * erts/doc, PORT_PLEASE2_REQ). ei would ask it, too, but does not say what went
 * wrong, and its time is not limited.
 */
#ifndef CPROF_PORT_CNODE_EPMD_H
#define CPROF_PORT_CNODE_EPMD_H

#include <stddef.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"

enum { CNODE_EPMD_PORT = 4369, CNODE_EPMD_ANSWER = 4 };

/**
 * The port of a node.
 * @param alive  the part of its name before the @
 * @param epmd  the port of epmd
 * @return 0; -E_EPMD; -E_UNREGISTERED; -E_TIME or -EINTR
 */
MUST_USE int cnode_epmd_port(const char *alive, uint16_t epmd,
                             const struct deadline *until, uint16_t *out);
/** The port in the first bytes of epmd's answer: 0, -E_EPMD or -E_UNREGISTERED.
 *  Pure. */
MUST_USE int cnode_epmd_parse(const uint8_t answer[CNODE_EPMD_ANSWER],
                              uint16_t *out);

#endif
