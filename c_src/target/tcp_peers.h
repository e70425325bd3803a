/**
 * @file tcp_peers.h
 * To which address a TCP socket of the node is connected, and who connected it.
 * The kernel's tables of the node's network namespace (/proc/PID/net/tcp and
 * tcp6) say both: a socket whose own port is one at which somebody listens was
 * accepted there; the others were connected from here.
 *
 * The tables may be large. They are read again when a socket is not in them,
 * but this takes at most a twentieth of the time.
 */
#ifndef CPROF_TARGET_TCP_PEERS_H
#define CPROF_TARGET_TCP_PEERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "target/process.h"

enum { TCP_PEER_TEXT = 64 };

struct tcp_peer {
    bool accepted;
    char text[TCP_PEER_TEXT]; /**< "127.0.0.1:5432", "[::1]:5432" */
};

struct tcp_peers;

/** p is borrowed until tcp_peers_close. 0 or -ENOMEM. */
MUST_USE int tcp_peers_open(const struct process *p, struct tcp_peers **out);
void tcp_peers_close(struct tcp_peers *t);
/** @param fd  of the node
 *  @return 0; -E_NOT_FOUND: it is no TCP socket with a peer, or that is not
 *          known (yet); or -ENOMEM */
MUST_USE int tcp_peers_find(struct tcp_peers *t, int fd, struct tcp_peer *out);

/** One socket of such a table. */
struct tcp_entry {
    uint64_t inode; /**< 0: it has none */
    uint16_t local_port, peer_port;
    uint8_t peer[16]; /**< IPv4: the first 4 bytes; network byte order */
    bool v6, listens;
    bool has_peer; /**< it is connected, or is being connected */
};

/** Parses a line of such a table: 0, or -E_FORMAT (its first line, too). Pure.
 */
MUST_USE int tcp_entry_parse(const char *line, struct tcp_entry *out);

#endif
