/**
 * @file port_server.h
 * Carries out the commands of port.h on recordings of its own.
 */
#ifndef CPROF_PORT_PORT_SERVER_H
#define CPROF_PORT_PORT_SERVER_H

#include <stdbool.h>

#include "base/err.h"
#include "port/port_will.h"

/** What the program around the server does for it. */
struct port_host {
    /** A recording with a will (port_will.h) runs now: the program must go on
     *  when its other side ends. False: it need not any more. */
    void (*has_will)(bool);
    port_wrote *wrote;
};

/** Serves until the requests end; a recording that still runs is given up,
 *  after its will was carried out.
 *  @param requests, replies  descriptors, both borrowed
 *  @return 0, or a negative error: a packet that is no request, or a reply
 *          that could not be written */
MUST_USE int port_serve(int requests, int replies,
                        const struct port_host *host);

#endif
