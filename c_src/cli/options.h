/**
 * @file options.h
 * The command line of `record`, `report` and `doctor` as values, checked.
 * Parsing prints nothing: the first fault comes back as its subject and a
 * sentence.
 */
#ifndef CPROF_CLI_OPTIONS_H
#define CPROF_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "formats/format.h"
#include "profile/filter.h"

enum { OPTIONS_MAX_PROCESSES = 64 };

struct options {
    bool help;
    bool quiet;
    pid_t pid;            /**< 0: not given */
    char *const *command; /**< after "--", NULL-terminated; or NULL */
    double seconds;       /**< 0: not given */
    unsigned rate;        /**< Hz */
    const char *engine;   /**< "auto", or one of engine_all */
    const char *event;    /**< "cpu-clock", "cycles" */
    bool kernel;
    bool no_command;             /**< left out of the result */
    bool force;                  /**< where the engine would rather refuse */
    const char *input;           /**< report: the recording */
    const char *output;          /**< NULL: stdout */
    const struct format *format; /**< decided from -f, the output's extension,
                                      else text; never NULL after parsing */
    unsigned top;
    const char *focus, *ignore;
    const char *processes[OPTIONS_MAX_PROCESSES];
    size_t process_count;
    bool timeline;
    unsigned states; /**< as in struct filter */
    const char *threads[OPTIONS_MAX_PROCESSES];
    size_t thread_count;
    uint32_t schedulers[OPTIONS_MAX_PROCESSES];
    size_t scheduler_count;
    uint64_t from_ns, to_ns;
    const char *by, *weights; /**< NULL: not given */
    const char *callers;
    bool tree;
    double min_pct; /**< 0: not given */
};

/** What is wrong: subject ("--rate 0") and reason. */
struct options_fault {
    char what[128];
    char why[160];
};

/** argv[0] is the verb. 0, or -E_USAGE with *fault filled. */
MUST_USE int options_parse_record(int argc, char **argv, struct options *out,
                                  struct options_fault *fault);
MUST_USE int options_parse_report(int argc, char **argv, struct options *out,
                                  struct options_fault *fault);
MUST_USE int options_parse_doctor(int argc, char **argv, struct options *out,
                                  struct options_fault *fault);
struct filter options_filter(const struct options *o);

#endif
