/**
 * @file verbs.h
 * The verbs of the program, one file each. Each gets its own argv (argv[0] is
 * the verb) and returns the exit code. Only these files print.
 */
#ifndef CPROF_CLI_VERBS_H
#define CPROF_CLI_VERBS_H

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_ABOVE = 3, /* diff: a function grew by more than the limit */
};

int verb_record(int argc, char **argv);
int verb_report(int argc, char **argv);
int verb_diff(int argc, char **argv);
int verb_doctor(int argc, char **argv);
/** Speaks the port protocol on stdin and stdout; for Cprof, not for people. */
int verb_port(int argc, char **argv);

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
/** As fail_text, with a hint at the verb's help; EXIT_USAGE. */
int usage_error(const char *verb, const char *what, const char *why);

#endif
