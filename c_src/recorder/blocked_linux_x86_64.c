#include "recorder/blocked.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/syscall.h>

/* The system calls in which threads are known to wait. read and write are I/O
 * whatever they read: the VM uses others for sockets. */
static const struct call {
    int64_t number;
    const char *name;
    enum sample_state state;
} calls[] = {
#define CALL(name, state)                                                      \
    {                                                                          \
        SYS_##name, #name, STATE_##state                                       \
    }
    CALL(read, IO),
    CALL(pread64, IO),
    CALL(readv, IO),
    CALL(preadv, IO),
    CALL(preadv2, IO),
    CALL(write, IO),
    CALL(pwrite64, IO),
    CALL(writev, IO),
    CALL(pwritev, IO),
    CALL(pwritev2, IO),
    CALL(open, IO),
    CALL(openat, IO),
    CALL(close, IO),
    CALL(stat, IO),
    CALL(fstat, IO),
    CALL(lstat, IO),
    CALL(newfstatat, IO),
    CALL(statx, IO),
    CALL(access, IO),
    CALL(faccessat, IO),
    CALL(lseek, IO),
    CALL(fsync, IO),
    CALL(fdatasync, IO),
    CALL(sync, IO),
    CALL(syncfs, IO),
    CALL(sync_file_range, IO),
    CALL(truncate, IO),
    CALL(ftruncate, IO),
    CALL(fallocate, IO),
    CALL(fadvise64, IO),
    CALL(readahead, IO),
    CALL(rename, IO),
    CALL(renameat, IO),
    CALL(renameat2, IO),
    CALL(unlink, IO),
    CALL(unlinkat, IO),
    CALL(mkdir, IO),
    CALL(rmdir, IO),
    CALL(link, IO),
    CALL(symlink, IO),
    CALL(readlink, IO),
    CALL(chmod, IO),
    CALL(chown, IO),
    CALL(utimensat, IO),
    CALL(getdents64, IO),
    CALL(flock, IO),
    CALL(fcntl, IO),
    CALL(ioctl, IO),
    CALL(sendfile, IO),
    CALL(splice, IO),
    CALL(copy_file_range, IO),
    CALL(accept, SOCKET),
    CALL(accept4, SOCKET),
    CALL(connect, SOCKET),
    CALL(recvfrom, SOCKET),
    CALL(recvmsg, SOCKET),
    CALL(recvmmsg, SOCKET),
    CALL(sendto, SOCKET),
    CALL(sendmsg, SOCKET),
    CALL(sendmmsg, SOCKET),
    CALL(shutdown, SOCKET),
    CALL(poll, SOCKET),
    CALL(ppoll, SOCKET),
    CALL(select, SOCKET),
    CALL(pselect6, SOCKET),
    CALL(epoll_wait, SOCKET),
    CALL(epoll_pwait, SOCKET),
    CALL(futex, LOCK),
    CALL(nanosleep, SLEEP),
    CALL(clock_nanosleep, SLEEP),
    CALL(mmap, OTHER),
    CALL(munmap, OTHER),
    CALL(mremap, OTHER),
    CALL(mprotect, OTHER),
    CALL(madvise, OTHER),
    CALL(brk, OTHER),
    CALL(wait4, OTHER),
    CALL(waitid, OTHER),
    CALL(clone, OTHER),
#undef CALL
};

static struct blocked in_call(const char *name, enum sample_state state)
{
    struct blocked b = {.state = state};
    snprintf(b.frame, sizeof(b.frame), "[blocked in %s]", name);
    return b;
}

struct blocked blocked_of(const struct sample *s)
{
    char number[40];
    if (s->away == SAMPLE_NO_CPU)
        return (struct blocked){STATE_NO_CPU, "[no CPU]"};
    if (s->system_call < 0)
        return (struct blocked){STATE_FAULT, "[page fault]"};
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        if (calls[i].number == s->system_call)
            return in_call(calls[i].name, calls[i].state);
    snprintf(number, sizeof(number), "system call %" PRId64, s->system_call);
    return in_call(number, STATE_OTHER);
}
