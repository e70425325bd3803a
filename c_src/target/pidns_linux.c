#include "target/pidns.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/buffer.h"

enum { STATUS_MAX = 1 << 20, KERNEL_MINOR_BITS = 20 };

int pidns_read(pid_t pid, struct pidns *out)
{
    char path[64];
    struct stat its, own;
    snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
    if (stat(path, &its) != 0)
        return errno == ENOENT || errno == ESRCH   ? -E_NO_PROCESS
               : errno == EACCES || errno == EPERM ? -E_NO_ACCESS
                                                   : -errno;
    if (stat("/proc/self/ns/pid", &own) != 0)
        return -errno;
    *out = (struct pidns){
        .dev = (uint64_t)major(its.st_dev) << KERNEL_MINOR_BITS |
               minor(its.st_dev),
        .ino = its.st_ino,
        .ours = its.st_ino == own.st_ino && its.st_dev == own.st_dev,
    };
    return 0;
}

/* The line "NSpid:\t4711\t35\n" has the ids from the namespace of this /proc
 * down to the thread's own. */
static pid_t last_of_nspid(const char *status)
{
    static const char key[] = "\nNSpid:";
    const char *at = strstr(status, key);
    if (!at)
        return 0;
    at += sizeof(key) - 1;
    const char *end = at + strcspn(at, "\n");
    while (end > at && end[-1] != '\t')
        end--;
    return (pid_t)strtol(end, NULL, 10);
}

pid_t pidns_inner(const struct pidns *ns, pid_t pid, pid_t tid)
{
    char path[64];
    pid_t inner = 0;
    struct buffer text;
    if (ns->ours)
        return tid;
    snprintf(path, sizeof(path), "/proc/%d/task/%d/status", (int)pid, (int)tid);
    buffer_init(&text, STATUS_MAX);
    bool read = buffer_read_file(&text, path) == 0;
    buffer_add(&text, "", 1);
    if (read && buffer_status(&text) == 0)
        inner = last_of_nspid((const char *)text.data);
    buffer_deinit(&text);
    return inner;
}
