/**
 * @file erlport.h
 * An Erlang port, read from the node's memory (erts/emulator/beam/erl_port.h).
 * Ports may be closed, and their memory used again, while they are read; what
 * is returned was certainly of the port that was asked for.
 */
#ifndef CPROF_TARGET_ERLPORT_H
#define CPROF_TARGET_ERLPORT_H

#include <stdint.h>

#include "base/err.h"
#include "target/layout.h"
#include "target/memory.h"

enum { ERLPORT_TEXT = 64 };

struct erlport {
    uint64_t address; /**< of struct Port */
    uint64_t id;      /**< port term */
    uint64_t owner;   /**< a pid term, or another word: not known */
    uint64_t driver;  /**< address of its erts_driver_t */
};

/** The open port with that term, by the port table; -E_NOT_FOUND when there is
 *  none, or the layout is not known. */
MUST_USE int erlport_find(const struct layout *l, const struct memory *m,
                          uint64_t id, struct erlport *out);
/** The name of a driver, such as "tcp_inet"; "" if it cannot be read. */
void erlport_driver_name(const struct layout *l, const struct memory *m,
                         uint64_t driver, char text[ERLPORT_TEXT]);
/**
 * The program that a port of the driver `spawn` runs, without its directory and
 * its arguments: they may contain secrets, and so may a variable that is set
 * before the program ("KEY=... program"). "" if it cannot be read.
 * @param address, id  of the port
 */
void erlport_program(const struct layout *l, const struct memory *m,
                     uint64_t address, uint64_t id, char text[ERLPORT_TEXT]);
/** The file descriptor, in the node, of a port of the drivers tcp_inet,
 *  udp_inet or sctp_inet; -E_NOT_FOUND: it has none, or it cannot be read. */
MUST_USE int erlport_socket(const struct layout *l, const struct memory *m,
                            const struct erlport *port, int *fd);

#endif
