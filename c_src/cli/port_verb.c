/* cprof port: runs the program at the other end of an Erlang port. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cli/verbs.h"
#include "port/port_server.h"
#include "recorder/limits.h"

/* Results and messages must never mix with the replies. So from here on our
 * standard output is our stderr (a result may be written to /dev/stdout).
 * Returns a descriptor for the replies, or -errno. */
static int take_stdout(void)
{
    int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0 ? -errno : fd;
}

static atomic_bool will_runs;

/* Ends the program when the other side has closed the port: nobody reads
 * replies any more, so no work is worth finishing. The exception is a recording
 * with a will, which is carried out when the requests end. Nothing has to be
 * undone: a thread that is held for a sample continues when its tracer is gone.
 */
static void *watch_reader(void *replies)
{
    struct pollfd out = {.fd = (int)(intptr_t)replies};
    while (poll(&out, 1, -1) <= 0)
        ;
    if (!atomic_load(&will_runs))
        _exit(EXIT_DONE);
    return replies;
}

/* The program must not outlive the node, even if it is stopped by a signal,
 * except to carry out a will. */
static void has_will(bool now)
{
    atomic_store(&will_runs, now);
    prctl(PR_SET_PDEATHSIG, now ? SIGCONT : SIGKILL);
}

static void wrote(const char *path, int err, uint64_t samples)
{
    if (err)
        fail(path, err);
    else if (strcmp(path, "/dev/stdout") == 0)
        say("the node ended during the recording; its report is above");
    else
        say("the node ended during the recording; wrote %s (%" PRIu64
            " samples until then)",
            path, samples);
}

static int start_watch(int replies)
{
    pthread_t thread;
    int err =
        pthread_create(&thread, NULL, watch_reader, (void *)(intptr_t)replies);
    return err ? -err : -pthread_detach(thread);
}

static int run(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return fail_text("port",
                         "takes no arguments; it is for Cprof, not for people");
    limits_raise();
    has_will(false);
    signal(SIGPIPE, SIG_IGN); /* makes it an error of write() */
    int replies = take_stdout();
    if (replies < 0)
        return fail("stdout", replies);
    int err = start_watch(replies);
    if (err)
        return fail("port", err);
    const struct port_host host = {.has_will = has_will, .wrote = wrote};
    return port_serve(STDIN_FILENO, replies, &host) == 0 ? EXIT_DONE
                                                         : EXIT_FAILED;
}

const struct verb verb_port = {.name = "port", .run = run};
