#include "engine/ptrace_clock.h"

#include <errno.h>
#include <fcntl.h>
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

int ptrace_clock_parse(const void *text, size_t len, struct ptrace_clock *out)
{
    const char *at = text, *end = at + len;
    struct ptrace_clock c;
    if (!number(&at, end, &c.cpu_ns) || !number(&at, end, &c.wait_ns) ||
        !number(&at, end, &c.runs))
        return -E_FORMAT;
    *out = c;
    return 0;
}

/* The name before it, in parentheses, may itself hold blanks and ')'. */
char ptrace_clock_state(const void *text, size_t len)
{
    const char *t = text;
    for (size_t i = len; i-- > 0;)
        if (t[i] == ')')
            return len - i > 2 ? t[i + 2] : 0;
    return 0;
}

static int open_file(pid_t pid, pid_t tid, const char *name)
{
    char path[80];
    snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int ptrace_clock_open(pid_t pid, pid_t tid)
{
    int fd = open_file(pid, tid, "schedstat");
    return fd == -ENOENT ? -ESRCH : fd;
}

int ptrace_clock_read(int fd, struct ptrace_clock *out)
{
    char text[96];
    ssize_t len = pread(fd, text, sizeof(text), 0);
    if (len < 0)
        return -errno;
    return ptrace_clock_parse(text, (size_t)len, out);
}

bool ptrace_clock_running(pid_t pid, pid_t tid)
{
    char text[512];
    int fd = open_file(pid, tid, "stat");
    if (fd < 0)
        return false;
    ssize_t len = read(fd, text, sizeof(text));
    close(fd);
    return len > 0 && ptrace_clock_state(text, (size_t)len) == 'R';
}
