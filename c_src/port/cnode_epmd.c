#include "port/cnode_epmd.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "port/cnode_socket.h"

enum { PORT_REQUEST = 'z', PORT_ANSWER = 119, NAME_MAX_BYTES = 255 };

/* The tag, 0 if there is such a node, and its port. */
int cnode_epmd_parse(const uint8_t answer[CNODE_EPMD_ANSWER], uint16_t *out)
{
    if (answer[0] != PORT_ANSWER)
        return -E_EPMD;
    if (answer[1] != 0)
        return -E_UNREGISTERED;
    *out = (uint16_t)(answer[2] << 8 | answer[3]);
    return *out ? 0 : -E_EPMD;
}

/* If there is no such node, the answer ends behind its second byte. */
static int read_answer(int fd, const struct deadline *until, uint16_t *out)
{
    uint8_t answer[CNODE_EPMD_ANSWER] = {0, 0, 0, 1};
    int err = cnode_socket_fill(fd, answer, 2, until);
    if (!err)
        err = cnode_epmd_parse(answer, out);
    if (!err)
        err = cnode_socket_fill(fd, answer + 2, 2, until);
    return err ? err : cnode_epmd_parse(answer, out);
}

static int ask(int fd, const char *alive, const struct deadline *until,
               uint16_t *out)
{
    uint8_t request[3 + NAME_MAX_BYTES];
    size_t len = strlen(alive);
    if (len > NAME_MAX_BYTES)
        return -E_UNREGISTERED;
    request[0] = (uint8_t)((len + 1) >> 8);
    request[1] = (uint8_t)(len + 1);
    request[2] = PORT_REQUEST;
    memcpy(request + 3, alive, len);
    int err = cnode_socket_write(fd, request, 3 + len, until);
    return err ? err : read_answer(fd, until, out);
}

int cnode_epmd_port(const char *alive, uint16_t epmd,
                    const struct deadline *until, uint16_t *out)
{
    int fd = cnode_socket_create();
    if (fd < 0)
        return fd;
    int err = cnode_socket_connect(fd, epmd, until);
    if (!err)
        err = ask(fd, alive, until, out);
    close(fd);
    switch (err) {
    case 0:
    case -EINTR:
    case -E_TIME:
    case -E_UNREGISTERED:
        return err;
    default: /* nothing listens there, or it is something else */
        return -E_EPMD;
    }
}
