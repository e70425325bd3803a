#include "engine/schedstat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "target/process.h"

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

/* The number of bytes read, or a negative error. */
static ssize_t read_file(pid_t pid, pid_t tid, const char *name, char *text,
                         size_t size)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? -ESRCH : -errno;
    ssize_t len = read(fd, text, size);
    ssize_t result = len < 0 ? -errno : len;
    close(fd);
    return result;
}

int schedstat_read(pid_t pid, pid_t tid, struct schedstat *out)
{
    char text[96];
    ssize_t len = read_file(pid, tid, "schedstat", text, sizeof(text));
    return len < 0 ? (int)len : schedstat_parse(text, (size_t)len, out);
}

double schedstat_waited(const struct schedstat *from,
                        const struct schedstat *to)
{
    double cpu = (double)to->cpu_ns - (double)from->cpu_ns;
    double wait = (double)to->wait_ns - (double)from->wait_ns;
    return cpu > 0 && wait > 0 ? wait / (cpu + wait) : 0;
}

int schedstat_user_ns(pid_t pid, pid_t tid, uint64_t *ns)
{
    char text[1024];
    struct process_stat stat;
    ssize_t len = read_file(pid, tid, "stat", text, sizeof(text));
    int err = len < 0 ? (int)len : process_stat_parse(text, (size_t)len, &stat);
    long ticks = sysconf(_SC_CLK_TCK);
    if (err || ticks <= 0)
        return err ? err : -ENOSYS;
    *ns = stat.user_time * (NS_PER_S / (uint64_t)ticks);
    return 0;
}
