/**
 * @file port_will.h
 * The will of a recording: the requests that `start` was given (port.h) for the
 * case that the node ends before the recording was stopped (because the
 * profiled code halts, or the VM crashes).
 */
#ifndef CPROF_PORT_PORT_WILL_H
#define CPROF_PORT_PORT_WILL_H

#include "port/port.h"

/** Zero: there is none. */
struct port_will {
    struct buffer packet; /**< the one of `start`, which the rest points into */
    struct port_recordings requests;
};

/** Called for each file: 0 or why it was not written; its samples. */
typedef void port_wrote(const char *path, int err, uint64_t samples);

/** Takes the will of a start, and its packet when there is one: *packet is
 *  then empty. False: there is none. */
bool port_will_take(struct port_will *w, const struct port_request *start,
                    struct buffer *packet);
void port_will_drop(struct port_will *w);
/** Writes what was asked for. */
void port_will_carry_out(struct port_will *w, struct profile *p,
                         port_wrote *wrote);

#endif
