#include "port/cnode_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/minus.h"

int cnode_socket_create(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return fd < 0 ? -errno : fd;
}

/* Waits until the descriptor is ready. A signal only makes it look whether the
 * work is to stop. */
static int wait_for(int fd, short events, const struct deadline *until)
{
    struct pollfd one = {.fd = fd, .events = events};
    for (;;) {
        int err = deadline_check(until);
        if (err)
            return err;
        uint64_t now_ns = clock_now_ns();
        uint64_t left_ns = minus_capped(until->end_ns, now_ns);
        int ready = poll(&one, 1, (int)(left_ns / NS_PER_MS) + 1);
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return -errno;
    }
}

int cnode_socket_connect(int fd, uint16_t port, const struct deadline *until)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int failed = 0;
    socklen_t len = sizeof(failed);
    if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return -errno;
    int err = wait_for(fd, POLLOUT, until);
    if (err)
        return err;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &len) != 0)
        return -errno;
    return -failed;
}

ssize_t cnode_socket_read(int fd, void *bytes, size_t len,
                          const struct deadline *until)
{
    for (;;) {
        int err = wait_for(fd, POLLIN, until);
        if (err)
            return err;
        ssize_t n = recv(fd, bytes, len, 0);
        if (n >= 0)
            return n;
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
    }
}

int cnode_socket_fill(int fd, void *bytes, size_t len,
                      const struct deadline *until)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = cnode_socket_read(fd, (char *)bytes + at, len - at, until);
        if (n <= 0)
            return n < 0 ? (int)n : -E_SHORT;
        at += (size_t)n;
    }
    return 0;
}

int cnode_socket_write(int fd, const void *bytes, size_t len,
                       const struct deadline *until)
{
    for (size_t at = 0; at < len;) {
        int err = wait_for(fd, POLLOUT, until);
        if (err)
            return err;
        ssize_t n = send(fd, (const char *)bytes + at, len - at, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return -errno;
        at += n > 0 ? (size_t)n : 0;
    }
    return 0;
}
