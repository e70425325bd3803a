/* cprof port: the program as the other end of an Erlang port. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cli/verbs.h"
#include "port/port_server.h"
#include "recorder/limits.h"

/* Results and what is printed never get between the replies: our standard
 * output (an output can be /dev/stdout) is our stderr from here on. */
static int take_stdout(void)
{
    int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0 ? -errno : fd;
}

/* Whoever has closed the port reads nothing any more: whatever is being done,
 * there is no use in finishing it. Nothing needs to be undone; a thread that is
 * held for a sample goes on when its tracer is gone. */
static void *watch_reader(void *replies)
{
    struct pollfd out = {.fd = *(const int *)replies};
    while (poll(&out, 1, -1) <= 0)
        ;
    _exit(EXIT_DONE);
    return replies;
}

static int start_watch(int *replies)
{
    pthread_t thread;
    int err = pthread_create(&thread, NULL, watch_reader, replies);
    return err ? -err : -pthread_detach(thread);
}

static int run(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return fail_text("port",
                         "takes no arguments; it is for Cprof, not for people");
    limits_raise();
    /* Even stopped we do not outlive the node. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int replies = take_stdout();
    if (replies < 0)
        return fail("stdout", replies);
    int err = start_watch(&replies);
    if (err)
        return fail("port", err);
    return port_serve(STDIN_FILENO, replies) == 0 ? EXIT_DONE : EXIT_FAILED;
}

const struct verb verb_port = {.name = "port", .run = run};
