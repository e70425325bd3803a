#include "output/output_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* --- waiting -------------------------------------------------------------- */

/* Signals are delivered only during a wait. Otherwise they are held, so that
 * none comes between a check and the wait that it should end. */
static void hold_signals(sigset_t *before)
{
    static const int held[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
        sigaddset(&set, held[i]);
    pthread_sigmask(SIG_BLOCK, &set, before);
}

/* Waits until fd can be written, or for ms milliseconds (-1: without a limit).
 * 0 or -errno. */
static int wait_for(int fd, int64_t ms, const sigset_t *before)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    struct timespec limit = {.tv_sec = ms / 1000,
                             .tv_nsec = ms % 1000 * 1000000};
    return ppoll(&p, fd >= 0, ms < 0 ? NULL : &limit, before) < 0 ? -errno : 0;
}

/* Writes as much as a pipe surely takes when poll says that it takes anything.
 */
static int write_some(int fd, const struct buffer *bytes, size_t *done)
{
    size_t left = bytes->len - *done;
    ssize_t n =
        write(fd, bytes->data + *done, left < PIPE_BUF ? left : PIPE_BUF);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    *done += (size_t)n;
    return 0;
}

int output_stream_write_fd(int fd, const struct buffer *bytes)
{
    sigset_t before;
    hold_signals(&before);
    int err = 0;
    for (size_t done = 0; !err && done < bytes->len;) {
        err = wait_for(fd, -1, &before);
        if (!err)
            err = write_some(fd, bytes, &done);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err;
}

/* --- outputs that have a path -------------------------------------------- */

int output_stream_check(const struct output_place *p)
{
    char path[OUTPUT_PLACE_FD_PATH];
    if (S_ISSOCK(p->st.st_mode) || S_ISBLK(p->st.st_mode))
        return -E_NO_FILE;
    output_place_fd_path(p->there, path);
    return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0 ? -errno : 0;
}

/* Without blocking, a pipe can be opened only if somebody reads it. A file that
 * was passed to us open may have content already, so it is appended to. */
static int open_once(const struct output_place *p)
{
    char path[OUTPUT_PLACE_FD_PATH];
    output_place_fd_path(p->there, path);
    int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC |
                            (S_ISREG(p->st.st_mode) ? O_APPEND : 0));
    if (fd < 0)
        return errno == ENXIO && S_ISFIFO(p->st.st_mode) ? -E_NO_READER
                                                         : -errno;
    return fd;
}

static int open_waiting(const struct output_place *p, output_waits *waits,
                        const char *path)
{
    sigset_t before;
    int fd = open_once(p), err = 0;
    if (fd != -E_NO_READER || !waits)
        return fd;
    hold_signals(&before); /* also one that follows the message at once */
    waits(path);
    while (!err && fd == -E_NO_READER) {
        err = wait_for(-1, 100, &before);
        if (!err)
            fd = open_once(p);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err ? err : fd;
}

static void no_reader_left(int number)
{
    (void)number;
}

int output_stream_write(const struct output_place *p, output_waits *waits,
                        const char *path, const struct buffer *bytes)
{
    const struct sigaction heard = {.sa_handler = no_reader_left};
    struct sigaction before;
    int err = output_stream_check(p);
    int fd = err ? err : open_waiting(p, waits, path);
    if (fd < 0)
        return fd;
    sigaction(SIGPIPE, &heard, &before);
    err = output_stream_write_fd(fd, bytes);
    sigaction(SIGPIPE, &before, NULL);
    if (close(fd) != 0 && !err)
        err = -errno;
    return err;
}
