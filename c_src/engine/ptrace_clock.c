#include "engine/ptrace_clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int open_file(pid_t pid, pid_t tid, const char *name, int *fd)
{
    char path[80];
    snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, name);
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    return *fd < 0 ? -errno : 0;
}

int ptrace_clock_open(pid_t pid, pid_t tid, struct ptrace_clock_files *out)
{
    struct ptrace_clock_files f = {-1, -1, -1};
    int err = open_file(pid, tid, "schedstat", &f.clock);
    if (!err)
        err = open_file(pid, tid, "syscall", &f.state);
    if (!err)
        err = open_file(pid, tid, "stat", &f.stat);
    if (err) {
        ptrace_clock_close(&f);
        return err == -ENOENT ? -ESRCH : err;
    }
    *out = f;
    return 0;
}

void ptrace_clock_close(struct ptrace_clock_files *f)
{
    if (f->clock >= 0)
        close(f->clock);
    if (f->state >= 0)
        close(f->state);
    if (f->stat >= 0)
        close(f->stat);
    f->clock = f->state = f->stat = -1;
}

int ptrace_clock_read(const struct ptrace_clock_files *f, struct schedstat *out)
{
    char text[96];
    ssize_t len = pread(f->clock, text, sizeof(text), 0);
    if (len < 0)
        return -errno;
    return schedstat_parse(text, (size_t)len, out);
}

/* For a thread that waits, the file has the system call in which it waits. */
bool ptrace_clock_running(const struct ptrace_clock_files *f)
{
    static const char running[] = {'r', 'u', 'n', 'n', 'i', 'n', 'g'};
    char text[256];
    ssize_t len = pread(f->state, text, sizeof(text), 0);
    return len >= (ssize_t)sizeof(running) &&
           memcmp(text, running, sizeof(running)) == 0;
}
