/**
 * @file port_waits.h
 * Does a process wait for a port or a socket, and for which one? Then its stack
 * gets a leaf that says so:
 *
 *   [waits for port tcp_inet 127.0.0.1:5432]   driver, and whom it talks to
 *   [waits for port spawn ffmpeg]              driver, and its program
 *   [waits for port]                           it is not known which port
 *   [waits for socket]                         of the module socket
 *
 * A process waits for a port if it waits
 *
 *   in a function of prim_inet, which all functions of gen_tcp, gen_udp and
 *       gen_sctp call: the port is in a Y register of that function
 *   in erlang:port_command and the like, for the port's answer; or if it was
 *       suspended there, because the port is busy
 *   in another receive, whose function has exactly one port in its Y registers,
 *       and the process owns that port: only the owner gets a port's messages
 *
 * The state says whether it is known that something is to answer:
 *
 *   idle      it accepts connections; or it reads from a connection in its
 *             first function, unless the node made that connection
 *   blocked   it waits for a program, for a server that the node connected to
 *             (tcp_peers.h), or until a port has taken what was sent
 *   waiting   it is not known who has to act: the other side of a connection
 *             that was accepted, UDP, the module socket
 */
#ifndef CPROF_RECORDER_PORT_WAITS_H
#define CPROF_RECORDER_PORT_WAITS_H

#include <stdbool.h>

#include "base/err.h"
#include "profile/profile.h"
#include "recorder/target_state.h"
#include "unwind/unwind.h"

struct port_waits;

/** Both are borrowed until port_waits_close. 0 or -ENOMEM. */
MUST_USE int port_waits_open(struct target_state *target,
                             struct profile *profile, struct port_waits **out);
void port_waits_close(struct port_waits *w);

/**
 * @param u      the stack of a process that waits or is suspended
 * @param stack  the same in the profile
 * @param state  what is known of it without ports: idle, waiting or suspended.
 *               Changed if the process waits for a port or a socket
 * @return the stack, with the leaf if there is one; or the profile's error
 */
MUST_USE int64_t port_waits_name(struct port_waits *w, const struct sample *s,
                                 const struct unwound *u, uint32_t stack,
                                 enum sample_state *state);
/** Does the process, which waits for the answer of another one, really wait for
 *  a socket? In gen_tcp_socket and gen_udp_socket, each socket has a process.
 */
bool port_waits_is_socket(const struct profile *p, uint32_t stack);

#endif
