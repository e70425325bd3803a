/**
 * @file port_server.h
 * Carries out the commands of port.h on recordings of its own.
 */
#ifndef CPROF_PORT_PORT_SERVER_H
#define CPROF_PORT_PORT_SERVER_H

#include "base/err.h"

/** Serves until the requests end; a recording that still runs is given up.
 *  @param requests, replies  descriptors, both borrowed
 *  @return 0, or a negative error: a packet that is no request, or a reply
 *          that could not be written */
MUST_USE int port_serve(int requests, int replies);

#endif
