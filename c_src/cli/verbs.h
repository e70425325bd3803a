/**
 * @file verbs.h
 * The verbs of the program, with one file for each. `run` gets an argv of its
 * own (argv[0] is the verb) and returns the exit code. Only cli/ prints.
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
    enum option_verb options; /**< 0: no options */
    int (*run)(int argc, char **argv);
    /** Command lines, and what each does; `cprof --help` shows them. Ends with
     * a row of NULLs. No row: the verb is not for people. */
    struct verb_use {
        const char *line, *what;
    } uses[3];
    const char *about; /**< paragraphs, each on one line */
    const char *after; /**< the same, shown below the options */
};

extern const struct verb verb_record, verb_report, verb_diff, verb_top,
    verb_dump, verb_snapshot, verb_watch, verb_doctor;
/** Speak the port protocol on stdin and stdout; for Cprof, not for people. */
extern const struct verb verb_port, verb_watch_port;
/** All verbs, NULL-terminated. */
extern const struct verb *const verb_all[];

/** Runs the verb that the program's command line names. Returns the exit code.
 */
int verbs_run(int argc, char **argv);
/** Parses a verb's command line. False: exit with *code; the error or the help
 *  has been printed. */
bool verb_options(const struct verb *verb, int argc, char **argv,
                  struct options *o, int *code);

/** Checks, before any work, whether the output can be written, and that a
 * binary format does not go to a terminal. EXIT_DONE, or the code to exit with,
 * after printing the reason. */
int verb_output(const struct options *o);

/** Writes a result about that many processes, and says so if it went to a file.
 *  err: an error from making the bytes, or 0. Returns the code to exit with. */
int verb_write_processes(const struct options *o, int err,
                         const struct buffer *bytes, uint64_t processes);

/**
 * Prints one line on stderr: "cprof: " and the text, in the form of utf8_show,
 * because it may quote names from elsewhere. The format needs no newline.
 */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Prints that the pipe at path has no reader yet (output/output_stream.h). */
void say_waiting(const char *path);
/** Prints "cprof: WHAT: why" on stderr, with why from err_text(code). Returns
 *  EXIT_FAILED. */
int fail(const char *what, int code);
/** The same with a sentence instead of a code. */
int fail_text(const char *what, const char *why);
/** The same for a node whose processes could not be read. */
int fail_node(pid_t pid, int code);
/** Like fail_text, but also points to the help of the verb. Returns EXIT_USAGE.
 */
int usage_error(const char *verb, const char *what, const char *why);

#endif
