/* The program: sets up signals and streams, and checks that all output was
 * written. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/verbs.h"

/* A file that we open must not get the number of a closed standard stream. So
 * closed streams are opened here, in a way that using them still fails. */
static void keep_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd ? O_RDONLY : O_WRONLY);
}

static void on_size_limit(int number)
{
    (void)number;
}

/* Turns a file size limit (ulimit -f) into an error of write(). This uses a
 * handler and not SIG_IGN, because a command that we start would inherit that.
 */
static void survive_size_limit(void)
{
    const struct sigaction action = {.sa_handler = on_size_limit,
                                     .sa_flags = SA_RESTART};
    struct sigaction before;
    sigaction(SIGXFSZ, NULL, &before);
    if (before.sa_handler == SIG_DFL)
        sigaction(SIGXFSZ, &action, NULL);
}

/* Raises the stack limit if it is low. The kernel lets the stack, which also
 * contains the environment, grow up to the limit; beyond it, the program gets a
 * SIGSEGV. */
static bool has_stack(void)
{
    enum { LEAST = 64 << 10, WANTED = 256 << 10 };
    struct rlimit l;
    if (getrlimit(RLIMIT_STACK, &l) != 0 || l.rlim_cur >= WANTED)
        return true;
    l.rlim_cur = l.rlim_max < WANTED ? l.rlim_max : WANTED;
    return l.rlim_cur >= LEAST && setrlimit(RLIMIT_STACK, &l) == 0;
}

/* Returns the code to exit with. Some file systems report only now that output
 * could not be written. */
static int check_stdout(int code)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout) && close(STDOUT_FILENO) == 0)
        return code;
    fail("stdout", errno ? -errno : -EIO);
    return code == EXIT_DONE ? EXIT_FAILED : code;
}

int main(int argc, char **argv)
{
    keep_standard_streams();
    survive_size_limit();
    if (!has_stack())
        return fail_text("stack", "raise `ulimit -s` to 64 or more");
    return check_stdout(verbs_run(argc, argv));
}
