/**
 * @file cnode_socket.h
 * A TCP connection to a port of this machine. No call takes longer than its
 * deadline, whatever the other side does; ei's own timeouts are for each read,
 * so a slow sender could hold it up for ever.
 */
#ifndef CPROF_PORT_CNODE_SOCKET_H
#define CPROF_PORT_CNODE_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/deadline.h"
#include "base/err.h"

/** A descriptor, or -errno. */
MUST_USE int cnode_socket_create(void);
/** Connects it to 127.0.0.1. 0; -E_TIME, -EINTR or -errno. */
MUST_USE int cnode_socket_connect(int fd, uint16_t port,
                                  const struct deadline *until);
/** Reads 1 to len bytes. How many; 0 at the end; or an error as above. */
MUST_USE ssize_t cnode_socket_read(int fd, void *bytes, size_t len,
                                   const struct deadline *until);
/** Reads len bytes. 0; -E_SHORT: there are fewer; or an error as above. */
MUST_USE int cnode_socket_fill(int fd, void *bytes, size_t len,
                               const struct deadline *until);
/** Writes all bytes. 0 or an error as above. */
MUST_USE int cnode_socket_write(int fd, const void *bytes, size_t len,
                                const struct deadline *until);

#endif
