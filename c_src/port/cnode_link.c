#include "port/cnode_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "port/cnode_answers.h"
#include "port/cnode_epmd.h"
#include "port/cnode_socket.h"

/* Of the beginning of what the node says: its status, which tells why it
 * refuses us. */
enum { SAID = 32 };

struct cnode_link {
    ei_cnode self;
    int fd; /* -1: none */
    const struct deadline *until;
    struct buffer frame;
    uint32_t question; /* the last one's number */
    /* What tells why a handshake failed. */
    bool connected;
    unsigned written; /* messages of ours */
    uint8_t said[SAID];
    size_t said_len;
};

/* --- ei's sockets --------------------------------------------------------- */

/* ei reads and writes through these, so that its time is limited by our
 * deadline. They return 0 or an errno. */

static int of_err(int err)
{
    return err >= 0 ? 0 : err == -E_TIME ? ETIMEDOUT : -err;
}

static int on_socket(void **ctx, void *link)
{
    struct cnode_link *l = link;
    l->fd = cnode_socket_create();
    *ctx = l;
    return of_err(l->fd);
}

static int on_close(void *ctx)
{
    struct cnode_link *l = ctx;
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    return 0;
}

static int on_connect(void *ctx, void *address, int len, unsigned ms)
{
    struct cnode_link *l = ctx;
    const struct sockaddr_in *to = address;
    (void)len, (void)ms;
    int err = cnode_socket_connect(l->fd, ntohs(to->sin_port), l->until);
    l->connected = err == 0;
    return of_err(err);
}

static int on_write(void *ctx, const char *bytes, ssize_t *len, unsigned ms)
{
    struct cnode_link *l = ctx;
    (void)ms;
    l->written++;
    return of_err(cnode_socket_write(l->fd, bytes, (size_t)*len, l->until));
}

/* The record of an alert or a handshake of TLS. */
static bool speaks_tls(const struct cnode_link *l)
{
    return l->said_len >= 2 && (l->said[0] == 21 || l->said[0] == 22) &&
           l->said[1] == 3;
}

static int on_read(void *ctx, char *bytes, ssize_t *len, unsigned ms)
{
    struct cnode_link *l = ctx;
    (void)ms;
    ssize_t n = cnode_socket_read(l->fd, bytes, (size_t)*len, l->until);
    if (n <= 0)
        return n < 0 ? of_err((int)n) : ECONNRESET;
    size_t room = SAID - l->said_len;
    size_t kept = (size_t)n < room ? (size_t)n : room;
    memcpy(l->said + l->said_len, bytes, kept);
    l->said_len += kept;
    *len = n;
    return speaks_tls(l) ? EPROTO : 0;
}

static int on_header_size(void *ctx, int *size)
{
    (void)ctx;
    *size = 2; /* of the distribution over TCP */
    return 0;
}

static int on_get_fd(void *ctx, int *fd)
{
    *fd = ((struct cnode_link *)ctx)->fd;
    return 0;
}

static ei_socket_callbacks sockets = {
    .flags = EI_SCLBK_FLG_FULL_IMPL,
    .socket = on_socket,
    .close = on_close,
    .connect = on_connect,
    .write = on_write,
    .read = on_read,
    .handshake_packet_header_size = on_header_size,
    .get_fd = on_get_fd,
};

/* --- opening -------------------------------------------------------------- */

/* The status follows a length of two bytes. */
static bool says(const struct cnode_link *l, const char *status)
{
    size_t len = strlen(status);
    return l->said_len >= 2 + len && memcmp(l->said + 2, status, len) == 0;
}

/* Our second message proves that we know the cookie. If the proof is wrong, the
 * node does not answer. */
static int explain(const struct cnode_link *l)
{
    int err = deadline_check(l->until);
    if (err)
        return err == -E_TIME ? -E_SILENT : err;
    if (!l->connected)
        return -E_UNREACHABLE;
    if (speaks_tls(l))
        return -E_TLS;
    if (says(l, "salive") || says(l, "snok"))
        return -E_NAMES_TAKEN;
    return l->written > 1 ? -E_COOKIE : -E_REFUSED;
}

/* Messages to an earlier cprof of the same name must not be taken for ours. */
static unsigned creation(void)
{
    return (unsigned)(clock_ns_of(CLOCK_REALTIME) / NS_PER_MS) | 1u << 31;
}

static int connect_as(struct cnode_link *l, const struct cnode_peer *peer,
                      unsigned number, uint16_t port)
{
    char alive[32], name[CNODE_TEXT];
    struct in_addr here = {.s_addr = htonl(INADDR_LOOPBACK)};
    snprintf(alive, sizeof(alive), "cprof_%u", number);
    int len = snprintf(name, sizeof(name), "%s@%s", alive, peer->host);
    l->connected = false;
    l->written = 0;
    l->said_len = 0;
    if (len >= (int)sizeof(name))
        return -E_LONG_NAME;
    if (ei_connect_xinit_ussi(&l->self, peer->host, alive, name, &here,
                              peer->cookie, creation(), &sockets,
                              sizeof(sockets), l) != 0)
        return -ENOMEM;
    return ei_xconnect_host_port_tmo(&l->self, &here, port, 0) >= 0
               ? 0
               : explain(l);
}

static int connect_to(struct cnode_link *l, const struct cnode_peer *peer)
{
    uint16_t port;
    int err = cnode_epmd_port(peer->alive, peer->epmd, l->until, &port);
    if (err)
        return err == -E_TIME ? -E_SILENT : err;
    err = -E_NAMES_TAKEN;
    for (unsigned i = 1; i <= CNODE_NAMES && err == -E_NAMES_TAKEN; i++)
        err = connect_as(l, peer, i, port);
    return err;
}

int cnode_link_open(const struct cnode_peer *peer, const struct deadline *until,
                    struct cnode_link **out)
{
    static bool prepared;
    struct cnode_link *l = calloc(1, sizeof(*l));
    if (!l)
        return -ENOMEM;
    l->fd = -1;
    l->until = until;
    buffer_init(&l->frame, CNODE_MAX_ANSWER);
    int err = prepared || ei_init() == 0 ? connect_to(l, peer) : -ENOMEM;
    prepared = true;
    if (err)
        cnode_link_close(l);
    else
        *out = l;
    return err;
}

void cnode_link_close(struct cnode_link *l)
{
    if (l->fd >= 0)
        ei_close_connection(l->fd);
    buffer_deinit(&l->frame);
    free(l);
}

/* --- asking --------------------------------------------------------------- */

static int send_question(struct cnode_link *l, const struct cnode_question *q)
{
    static char server[] = "rex";
    ei_x_buff message;
    erlang_pid from = *ei_self(&l->self);
    from.num = ++l->question;
    int err = cnode_question_message(q, &from, &message);
    if (err)
        return err;
    if (ei_reg_send_tmo(&l->self, l->fd, server, message.buff, message.index,
                        0) != 0)
        err = -E_CLOSED;
    ei_x_free(&message);
    return err;
}

/* Puts the next message of the node into l->frame. It is empty if the node only
 * wants to know whether we are there; that is answered in the same way. What
 * has begun is read to its end, so that the next message is found. */
static int read_frame(struct cnode_link *l, const struct deadline *until)
{
    uint8_t head[4];
    int err = cnode_socket_fill(l->fd, head, 1, until);
    if (!err)
        err = cnode_socket_fill(l->fd, head + 1, sizeof(head) - 1, l->until);
    if (err)
        return err;
    size_t len = (size_t)head[0] << 24 | (size_t)head[1] << 16 |
                 (size_t)head[2] << 8 | head[3];
    buffer_clear(&l->frame);
    if (len == 0)
        return cnode_socket_write(l->fd, head, sizeof(head), l->until);
    uint8_t *bytes =
        len <= CNODE_MAX_ANSWER ? buffer_grow(&l->frame, len) : NULL;
    return bytes ? cnode_socket_fill(l->fd, bytes, len, l->until) : -E_ANSWER;
}

static bool is_to_us(const struct cnode_link *l, const struct cnode_message *m)
{
    return m->node.creation == l->self.self.creation &&
           m->to.number == l->question;
}

static int read_answer(struct cnode_link *l, const struct deadline *until,
                       struct reader *answer)
{
    struct cnode_message m;
    for (;;) {
        int err = read_frame(l, until);
        if (err)
            return err;
        err = l->frame.len ? cnode_read_message(l->frame.data, l->frame.len, &m)
                           : -E_NOT_FOUND;
        if (err == -E_NOT_FOUND || (!err && !is_to_us(l, &m)))
            continue;
        *answer = m.answer;
        return err;
    }
}

int cnode_link_ask(struct cnode_link *l, struct cnode_question *q, unsigned ms,
                   struct reader *answer)
{
    struct deadline until = deadline_in(ms, l->until->stop);
    if (l->until->end_ns < until.end_ns)
        until = *l->until;
    int err = send_question(l, q);
    cnode_question_free(q);
    if (!err)
        err = read_answer(l, &until, answer);
    switch (err) {
    case -E_TIME:
        return -E_SILENT;
    case -E_SHORT:
    case -ECONNRESET:
    case -EPIPE:
        return -E_CLOSED;
    default:
        return err;
    }
}
