/**
 * @file verbs.h
 * The verbs of the program, one file each. `run` gets its own argv (argv[0] is
 * the verb) and returns the exit code. Only these files print.
 */
#ifndef CPROF_CLI_VERBS_H
#define CPROF_CLI_VERBS_H

#include "cli/options.h"

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_ABOVE = 3, /* diff: a function grew by more than the limit */
};

struct verb {
    const char *name;
    enum option_verb options; /**< 0: it has none */
    int (*run)(int argc, char **argv);
    /** Command lines, each with what it does; `cprof --help` shows them. Ends
     *  with a row of NULLs. No row: it is not for people. */
    struct verb_use {
        const char *line, *what;
    } uses[3];
    const char *about; /**< paragraphs, each on one line */
    const char *after; /**< likewise, shown below the options */
};

extern const struct verb verb_record, verb_report, verb_diff, verb_dump,
    verb_doctor;
/** Speaks the port protocol on stdin and stdout; for Cprof, not for people. */
extern const struct verb verb_port;
/** All of them, NULL-terminated. */
extern const struct verb *const verb_all[];

/** Runs the verb that the program's command line names; its exit code. */
int verbs_run(int argc, char **argv);
/** Parses a verb's command line. False: exit with *code; the error, or the
 *  help, has been printed. */
bool verb_options(const struct verb *verb, int argc, char **argv,
                  struct options *o, int *code);

/** Checks before any work whether the output can be written, and may go to a
 *  terminal. EXIT_DONE, or the code to exit with, after printing the reason. */
int verb_output(const struct options *o);

/**
 * One line on stderr: "cprof: " and the text, whose names from elsewhere
 * (base/utf8.h) are written as they may be shown. No newline at the end.
 */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Says that the pipe at path has no reader yet (output/output.h). */
void say_waiting(const char *path);
/** "cprof: WHAT: why" on stderr, with why from err_text(code); EXIT_FAILED. */
int fail(const char *what, int code);
/** The same with a sentence of the caller's instead of a code. */
int fail_text(const char *what, const char *why);
/** As fail_text, but also points to the help of the verb; EXIT_USAGE. */
int usage_error(const char *verb, const char *what, const char *why);

#endif
