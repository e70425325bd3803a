/* /proc/PID/net/tcp, as Linux writes it (net/ipv4/tcp_ipv4.c, get_tcp4_sock):
 *
 *   sl  local_address rem_address   st tx_queue:rx_queue tr:tm->when retrnsmt
 *    0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000
 *      uid  timeout inode ...
 *        0        0 12345 ...
 *
 * An address is written as words of 32 bits in the byte order of the machine,
 * each in hexadecimal: one for IPv4, four for IPv6. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/deadline.h"
#include "base/sorted.h"
#include "target/tcp_peers.h"

enum {
    PORTS = 1 << 16,
    MOST = 1 << 20, /* sockets that are kept */
    ESTABLISHED = 1,
    SYN_SENT = 2,
    CLOSE_WAIT = 8,
    LISTEN = 10,
    WORD_DIGITS = 8,
};

static const struct pace read_pace = {.burst_ns = 200 * NS_PER_MS, .share = 20};

struct tcp_peers {
    const struct process *process;
    struct pace pace;
    struct tcp_entry *list; /* those that have a peer, by inode */
    size_t count, cap;
    uint8_t listens[PORTS / 8];
};

int tcp_peers_open(const struct process *p, struct tcp_peers **out)
{
    struct tcp_peers *t = calloc(1, sizeof(*t));
    if (!t)
        return -ENOMEM;
    t->process = p;
    t->pace = read_pace;
    *out = t;
    return 0;
}

void tcp_peers_close(struct tcp_peers *t)
{
    if (t)
        free(t->list);
    free(t);
}

/* --- parsing -------------------------------------------------------------- */

static bool words(const char *text, size_t count, uint8_t to[16])
{
    for (size_t i = 0; i < count; i++) {
        char digits[WORD_DIGITS + 1], *end;
        memcpy(digits, text + WORD_DIGITS * i, WORD_DIGITS);
        digits[WORD_DIGITS] = '\0';
        uint32_t word = (uint32_t)strtoul(digits, &end, 16);
        if (*end)
            return false;
        memcpy(to + 4 * i, &word, sizeof(word));
    }
    return true;
}

int tcp_entry_parse(const char *line, struct tcp_entry *out)
{
    enum { V4 = WORD_DIGITS, V6 = 4 * WORD_DIGITS };
    char local[V6 + 1], peer[V6 + 1];
    unsigned local_port, peer_port, state;
    *out = (struct tcp_entry){0};
    if (sscanf(line,
               " %*u: %32[0-9A-F]:%4x %32[0-9A-F]:%4x %2x %*[0-9A-F:] "
               "%*[0-9A-F:] %*[0-9A-F] %*u %*u %" SCNu64,
               local, &local_port, peer, &peer_port, &state, &out->inode) != 6)
        return -E_FORMAT;
    size_t len = strlen(peer);
    if ((len != V4 && len != V6) || !words(peer, len / WORD_DIGITS, out->peer))
        return -E_FORMAT;
    out->v6 = len == V6;
    out->local_port = (uint16_t)local_port;
    out->peer_port = (uint16_t)peer_port;
    out->listens = state == LISTEN;
    /* One whose peer has sent its end may still be read from. */
    out->has_peer =
        state == ESTABLISHED || state == SYN_SENT || state == CLOSE_WAIT;
    return 0;
}

/* --- the tables ----------------------------------------------------------- */

static int keep(struct tcp_peers *t, const struct tcp_entry *e)
{
    if (e->listens)
        t->listens[e->local_port / 8] |= (uint8_t)(1 << e->local_port % 8);
    if (!e->has_peer || !e->inode || t->count == MOST)
        return 0;
    int err = ARRAY_RESERVE(t->list, t->cap, t->count + 1);
    if (!err)
        t->list[t->count++] = *e;
    return err;
}

static int read_table(struct tcp_peers *t, const char *name)
{
    char path[64], line[512];
    struct tcp_entry entry;
    int err = 0;
    snprintf(path, sizeof(path), "/proc/%d/net/%s", (int)t->process->pid, name);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    while (!err && fgets(line, sizeof(line), file))
        if (tcp_entry_parse(line, &entry) == 0)
            err = keep(t, &entry);
    fclose(file);
    return err;
}

static int by_inode(const void *a, const void *b)
{
    const struct tcp_entry *x = a, *y = b;
    return (x->inode > y->inode) - (x->inode < y->inode);
}

static int read_tables(struct tcp_peers *t)
{
    t->count = 0;
    memset(t->listens, 0, sizeof(t->listens));
    int err = read_table(t, "tcp");
    if (!err)
        err = read_table(t, "tcp6");
    if (t->count)
        qsort(t->list, t->count, sizeof(t->list[0]), by_inode);
    return err;
}

/* --- one socket ----------------------------------------------------------- */

/* 0: it is no socket, or it cannot be read. */
static uint64_t inode_of(const struct tcp_peers *t, int fd)
{
    char path[64], target[64];
    uint64_t inode = 0;
    snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)t->process->pid, fd);
    ssize_t len = readlink(path, target, sizeof(target) - 1);
    target[len > 0 ? len : 0] = '\0';
    return sscanf(target, "socket:[%" SCNu64 "]", &inode) == 1 ? inode : 0;
}

static const struct tcp_entry *find(const struct tcp_peers *t, uint64_t inode)
{
    size_t upto = SORTED_UPTO(t->list, t->count, inode, inode);
    return upto && t->list[upto - 1].inode == inode ? &t->list[upto - 1] : NULL;
}

static void write_peer(const struct tcp_entry *e, char text[TCP_PEER_TEXT])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    char address[INET6_ADDRSTRLEN] = "";
    bool v4_in_v6 = e->v6 && memcmp(e->peer, mapped, sizeof(mapped)) == 0;
    bool v6 = e->v6 && !v4_in_v6;
    inet_ntop(v6 ? AF_INET6 : AF_INET,
              e->peer + (v4_in_v6 ? sizeof(mapped) : 0), address,
              sizeof(address));
    snprintf(text, TCP_PEER_TEXT, v6 ? "[%s]:%u" : "%s:%u", address,
             e->peer_port);
}

int tcp_peers_find(struct tcp_peers *t, int fd, struct tcp_peer *out)
{
    uint64_t inode = inode_of(t, fd);
    const struct tcp_entry *found = inode ? find(t, inode) : NULL;
    if (inode && !found && pace_begin(&t->pace)) {
        int err = read_tables(t);
        pace_end(&t->pace);
        if (err)
            return err == -E_LIMIT ? -E_NOT_FOUND : err;
        found = find(t, inode);
    }
    if (!found)
        return -E_NOT_FOUND;
    out->accepted =
        t->listens[found->local_port / 8] >> found->local_port % 8 & 1;
    write_peer(found, out->text);
    return 0;
}
