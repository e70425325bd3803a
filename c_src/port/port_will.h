/**
 * @file port_will.h
 * The will of a recording: requests that `start` was given (port.h) in case the
 * node ends before it has stopped the recording, because the profiled code
 * halts it or the VM crashes.
 */
#ifndef CPROF_PORT_PORT_WILL_H
#define CPROF_PORT_PORT_WILL_H

#include "port/port.h"

/** All 0: there is no will. */
struct port_will {
    struct buffer packet; /**< of `start`; requests is a view into it */
    struct port_recordings requests;
};

/** Called for each file.
 *  @param err  0, or why the file was not written
 *  @param samples  of the recording */
typedef void port_wrote(const char *path, int err, uint64_t samples);

/** Takes the will of a start request, if it has one, and with it the request's
 *  packet: *packet is empty after that. False: there is no will. */
bool port_will_take(struct port_will *w, const struct port_request *start,
                    struct buffer *packet);
void port_will_drop(struct port_will *w);
/** Carries out the requests with the recording p, and reports each file. */
void port_will_carry_out(struct port_will *w, struct profile *p,
                         port_wrote *wrote);

#endif
