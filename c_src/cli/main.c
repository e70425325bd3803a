/* The command line: which verb, and whether all of its output arrived. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/verbs.h"

struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
};

static const struct verb verbs[] = {
    {"record", verb_record}, {"report", verb_report}, {"diff", verb_diff},
    {"doctor", verb_doctor}, {"port", verb_port},
};

static const char help[] =
    "cprof " CPROF_VERSION ", a sampling profiler for the Erlang VM\n"
    "\n"
    "  cprof record -p PID [-d SECONDS] [-r HZ] [-o FILE]   profile a node\n"
    "  cprof record -- COMMAND ...                          start a node, and "
    "profile it\n"
    "  cprof report FILE [-f FORMAT] [-o OUT]               show a recording\n"
    "  cprof diff BASE NEW [--fail-above PERCENT]           what changed\n"
    "  cprof doctor [-p PID]                                what works here\n"
    "\n"
    "`cprof VERB --help` shows the options of a verb.\n";

/* A file that we open must not become a standard stream that is closed. What
 * is opened instead fails just like a closed one when it is used. */
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

/* The code to exit with: what was printed may not have arrived, which some
 * file systems say only now. */
static int check_stdout(int code)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout) && close(STDOUT_FILENO) == 0)
        return code;
    fail("stdout", errno ? -errno : -EIO);
    return code == EXIT_DONE ? EXIT_FAILED : code;
}

static int run(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0 ||
        strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        fputs(help, argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_USAGE : EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("cprof " CPROF_VERSION);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verbs[i].run(argc - 1, argv + 1);
    say("no verb '%s'; see `cprof --help`", argv[1]);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    keep_standard_streams();
    survive_size_limit();
    return check_stdout(run(argc, argv));
}
