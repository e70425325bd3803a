#include "engine/schedstat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static bool number(const char **at, const char *end, uint64_t *value)
{
    const char *c = *at;
    while (c < end && *c == ' ')
        c++;
    const char *first = c;
    uint64_t n = 0;
    for (; c < end && *c >= '0' && *c <= '9'; c++)
        n = n * 10 + (uint64_t)(*c - '0');
    *at = c;
    *value = n;
    return c > first;
}

int schedstat_parse(const void *text, size_t len, struct schedstat *out)
{
    const char *at = text, *end = at + len;
    struct schedstat s;
    if (!number(&at, end, &s.cpu_ns) || !number(&at, end, &s.wait_ns) ||
        !number(&at, end, &s.runs))
        return -E_FORMAT;
    *out = s;
    return 0;
}

int schedstat_read(pid_t pid, pid_t tid, struct schedstat *out)
{
    char path[64], text[96];
    snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", pid, tid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? -ESRCH : -errno;
    ssize_t len = read(fd, text, sizeof(text));
    int err = len < 0 ? -errno : 0;
    close(fd);
    return err ? err : schedstat_parse(text, (size_t)len, out);
}
