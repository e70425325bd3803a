/* The command line: which verb, and the three ways to say that it failed. */
#include <stdio.h>
#include <string.h>

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
    "  cprof record -- COMMAND ...                          start one, too\n"
    "  cprof report FILE [-f FORMAT] [-o OUT]               show a recording\n"
    "  cprof diff BASE NEW [--fail-above PERCENT]           what changed\n"
    "  cprof doctor [-p PID]                                what works here\n"
    "\n"
    "`cprof VERB --help` tells a verb's options.\n";

int main(int argc, char **argv)
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
    fprintf(stderr, "cprof: no verb '%s'; see `cprof --help`\n", argv[1]);
    return EXIT_USAGE;
}
