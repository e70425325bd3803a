/**
 * @file options.h
 * Parses the command lines of the verbs into checked values. option_table.h
 * lists the options. Parsing prints nothing: it returns the first fault as a
 * subject and a sentence.
 */
#ifndef CPROF_CLI_OPTIONS_H
#define CPROF_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/quota.h"
#include "formats/view.h"
#include "profile/condition.h"
#include "profile/moment.h"

/** Verbs with options, as bits. */
enum option_verb {
    OPTION_RECORD = 1,
    OPTION_REPORT = 2,
    OPTION_DIFF = 4,
    OPTION_DOCTOR = 8,
    OPTION_DUMP = 16,
    OPTION_TOP = 32,
    OPTION_SNAPSHOT = 64,
    OPTION_WATCH = 128,
};

#define OPTIONS_MAX_VALUES 64 /**< of a repeatable option */
#define OPTIONS_SECONDS    10 /**< default duration, for a running node */
#define OPTIONS_INTERVAL   1  /**< default of top, in seconds */
#define OPTIONS_WATCH_RATE 19 /**< default rate of watch */
#define OPTIONS_BEFORE     60 /**< defaults of watch, in seconds */
#define OPTIONS_AFTER      10
#define OPTIONS_AT_MOST    6   /**< per hour */
#define OPTIONS_KEEP_M     500 /**< MiB */

#define OPTIONS_MOST_BEFORE 600
#define OPTIONS_MOST_AFTER  300

/** Recordings of one side of a comparison. */
struct options_side {
    const char *files[OPTIONS_MAX_VALUES];
    size_t count;
};

/** Of watch; never 0 or NULL after parsing, but for `also` and the flags. */
struct options_watch {
    struct condition conditions[OPTIONS_MAX_VALUES];
    size_t condition_count;
    double before_s, after_s; /**< these may be 0 */
    unsigned at_most;         /**< recordings within at_most_ns */
    uint64_t at_most_ns;
    uint64_t keep_bytes;
    const char *folder, *name;
    const struct format *also; /**< NULL: only .pb.gz */
    bool wait, json_lines;
};

/** Members that were not given are 0 or NULL, unless noted. Texts point into
 *  argv. */
struct options {
    enum option_verb verb;
    bool help, quiet;
    pid_t pid;
    const char *node; /**< its name */
    bool ask;         /**< connect to it, and ask it for names */
    const char *cookie_file;
    bool dashes;          /**< record: "--" ended the options */
    char *const *command; /**< usually after "--"; NULL-terminated */
    double seconds;
    double interval; /**< seconds; never 0 after parsing, for top */
    enum moment_column sort;
    unsigned rate; /**< Hz, of the first event; never 0 after parsing, if the
                        verb records */
    const char *engine; /**< ENGINE_AUTO, or one of engine_all; not NULL */
    unsigned events;    /**< a set (EVENT_SET); of record never empty after
                             parsing; of report: empty means all */
    double max_cost;    /**< of the event alloc: a share of the node's CPU time;
                             0: the usual one */
    const char *clock;  /**< one of engine_event_names; not NULL */
    bool kernel;
    bool no_command; /**< leave the node's command line out of the result */
    bool force;      /**< record even if the engine would rather refuse */
    bool timeline;
    bool all;                    /**< dump: not only the biggest groups */
    const char *input;           /**< report: the recording */
    const char *output;          /**< NULL: stdout */
    const struct format *format; /**< by --format, or by the output's extension,
                                      or text; never NULL after parsing */
    unsigned top;
    const char *focus, *ignore;
    const char *processes[OPTIONS_MAX_VALUES];
    size_t process_count;
    const char *spans[OPTIONS_MAX_VALUES];
    size_t span_count;
    uint64_t slower_than_ns; /**< record: as in struct span_choice */
    unsigned states;         /**< as in struct filter */
    const char *threads[OPTIONS_MAX_VALUES];
    size_t thread_count;
    uint32_t schedulers[OPTIONS_MAX_VALUES];
    size_t scheduler_count;
    uint64_t from_ns, to_ns;
    const char *by, *weights, *callers;
    bool tree, self;
    double min_pct;
    struct options_side base, now; /**< diff */
    bool has_limit;
    double limit;      /**< diff: --fail-above, percent */
    double min_effect; /**< diff: 0.05 means 5 % */
    struct options_watch watch;
};

/** What is wrong: the subject, such as "--rate 0", and the reason. */
struct options_fault {
    char what[128];
    char why[256];
};

/** argv[0] is the verb. 0, or -E_USAGE, and then *fault is filled in. */
MUST_USE int options_parse(enum option_verb verb, int argc, char **argv,
                           struct options *out, struct options_fault *fault);
/** The view that the options describe. It borrows o. */
struct view options_view(const struct options *o);
/** The subject of an error of view_render: an option's argument, or `what`. */
const char *options_at_fault(const struct options *o, int err,
                             const char *what);
/** Does the terminal show UTF-8? */
bool options_shows_utf8(void);
/** Would binary output be written to a terminal? */
bool options_unreadable(const struct options *o);

#endif
