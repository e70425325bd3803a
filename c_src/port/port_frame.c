/*
 * Packets on a pipe: a length of 4 bytes, big-endian, then the bytes. This is
 * the VM's {packet,4}.
 */
#include "port/port.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* The length may be wrong, so memory is allocated only as the bytes arrive. */
#define CHUNK ((size_t)1 << 20)

/* Waits until a descriptor is ready, because somebody may have made it
 * non-blocking. */
static int wait_for(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};
    if (poll(&p, 1, -1) < 0 && errno != EINTR)
        return -errno;
    return 0;
}

/* Reads len bytes, or fewer if the stream ends before. */
static int64_t read_all(int fd, uint8_t *to, size_t len)
{
    size_t got = 0;
    while (got < len) {
        ssize_t n = read(fd, to + got, len - got);
        if (n == 0)
            break;
        if (n > 0) {
            got += (size_t)n;
        } else if (errno == EAGAIN) {
            int rc = wait_for(fd, POLLIN);
            if (rc)
                return rc;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return (int64_t)got;
}

static int read_body(int fd, size_t left, struct buffer *packet)
{
    while (left > 0) {
        size_t len = left < CHUNK ? left : CHUNK;
        uint8_t *to = buffer_grow(packet, len);
        if (!to)
            return -E_LIMIT;
        int64_t got = read_all(fd, to, len);
        if (got < 0)
            return (int)got;
        if ((size_t)got < len)
            return -E_PROTOCOL;
        left -= len;
    }
    return 1;
}

int port_read_packet(int fd, struct buffer *packet)
{
    uint8_t head[4];
    buffer_clear(packet);
    int64_t got = read_all(fd, head, sizeof(head));
    if (got <= 0)
        return (int)got;
    if (got < (int64_t)sizeof(head))
        return -E_PROTOCOL;
    size_t len = (size_t)head[0] << 24 | (size_t)head[1] << 16 |
                 (size_t)head[2] << 8 | head[3];
    if (len > PORT_MAX_PACKET)
        return -E_PROTOCOL;
    return read_body(fd, len, packet);
}

int port_write_all(int fd, const void *bytes, size_t len)
{
    const uint8_t *from = bytes;
    while (len > 0) {
        ssize_t n = write(fd, from, len);
        if (n >= 0) {
            from += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN) {
            int rc = wait_for(fd, POLLOUT);
            if (rc)
                return rc;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}
