#include "nif/self_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* Used if process_vm_readv is refused, for example by a seccomp filter. */
static int read_by_file(uint64_t address, void *to, size_t len)
{
    int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = pread(fd, to, len, (off_t)address);
    close(fd);
    return n == (ssize_t)len ? 0 : -EFAULT;
}

int self_memory_read(uint64_t address, void *to, size_t len)
{
    struct iovec ours = {.iov_base = to, .iov_len = len};
    struct iovec theirs = {.iov_base = (void *)(uintptr_t)address,
                           .iov_len = len};
    ssize_t n = process_vm_readv(getpid(), &ours, 1, &theirs, 1, 0);
    if (n == (ssize_t)len)
        return 0;
    if (n >= 0 || errno == EFAULT)
        return -EFAULT;
    return read_by_file(address, to, len);
}
