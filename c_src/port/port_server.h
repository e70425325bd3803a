/**
 * @file port_server.h
 * Carries out the commands of port.h.
 */
#ifndef CPROF_PORT_PORT_SERVER_H
#define CPROF_PORT_PORT_SERVER_H

#include <stdbool.h>

#include "base/err.h"
#include "port/port_will.h"

/** Functions that the program provides for the server. */
struct port_host {
    /** True: a recording with a will (port_will.h) runs from now on, so the
     *  program must continue when the other side ends. False: no longer. */
    void (*has_will)(bool);
    port_wrote *wrote;
};

/** Serves until there are no more requests. If a recording still runs then, its
 *  will is carried out and it is dropped.
 *  @param requests, replies  descriptors, both borrowed
 *  @return 0, or a negative error: a packet was not a request, or a reply could
 *          not be written */
MUST_USE int port_serve(int requests, int replies,
                        const struct port_host *host);

#endif
