/**
 * @file cnode_link.h
 * A connection to a node of this machine, as a hidden C node (ei_connect). It
 * is closed as soon as what was asked is known. The node sees it in
 * nodes(hidden) meanwhile, and keeps the atom of our name for ever; so there is
 * a fixed set of names, cprof_1 to cprof_CNODE_NAMES at the node's own host.
 */
#ifndef CPROF_PORT_CNODE_LINK_H
#define CPROF_PORT_CNODE_LINK_H

#include "base/deadline.h"
#include "base/err.h"
#include "port/cnode_questions.h"

enum {
    CNODE_NAMES = 4,
    CNODE_MAX_ANSWER = 4 << 20, /* bytes */
};

struct cnode_link;

/** Which node; all borrowed for the call of cnode_link_open. */
struct cnode_peer {
    const char *alive, *host; /**< its name is alive@host */
    const char *cookie;
    uint16_t epmd; /**< the port of epmd */
};

/**
 * Connects.
 * @param until  for all that is done with the connection; borrowed until it is
 *               closed
 * @return 0; -E_EPMD, -E_UNREGISTERED, -E_UNREACHABLE, -E_TLS, -E_COOKIE,
 *         -E_REFUSED, -E_LONG_NAME, -E_NAMES_TAKEN, -E_SILENT, -EINTR or
 *         -ENOMEM
 */
MUST_USE int cnode_link_open(const struct cnode_peer *peer,
                             const struct deadline *until,
                             struct cnode_link **out);
void cnode_link_close(struct cnode_link *l);
/**
 * Asks, and waits for the answer. Frees the question.
 * @param ms  how long to wait; an answer that comes later is dropped
 * @param answer  a view, until the next question
 * @return 0; -E_SILENT; -E_GONE: the node has closed the connection; -E_ANSWER;
 *         -EINTR or -ENOMEM
 */
MUST_USE int cnode_link_ask(struct cnode_link *l, struct cnode_question *q,
                            unsigned ms, struct reader *answer);

#endif
