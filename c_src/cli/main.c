/* The program: its signals and streams, and whether all of its output
 * arrived. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/verbs.h"

/* A file that we open must not get the number of a closed standard stream. So
 * closed streams are opened here such that using them still fails. */
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

/* A file size limit (ulimit -f) is one more error of write(). A handler, which
 * a command that is started does not inherit. */
static void survive_size_limit(void)
{
    const struct sigaction action = {.sa_handler = on_size_limit,
                                     .sa_flags = SA_RESTART};
    struct sigaction before;
    sigaction(SIGXFSZ, NULL, &before);
    if (before.sa_handler == SIG_DFL)
        sigaction(SIGXFSZ, &action, NULL);
}

/* The kernel lets the stack grow up to the present limit; beyond that there is
 * a SIGSEGV. The environment is on the stack, too. */
static bool has_stack(void)
{
    enum { LEAST = 64 << 10, WANTED = 256 << 10 };
    struct rlimit l;
    if (getrlimit(RLIMIT_STACK, &l) != 0 || l.rlim_cur >= WANTED)
        return true;
    l.rlim_cur = l.rlim_max < WANTED ? l.rlim_max : WANTED;
    return l.rlim_cur >= LEAST && setrlimit(RLIMIT_STACK, &l) == 0;
}

/* The code to exit with. Output may not have been written; some file systems
 * report that only now. */
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
