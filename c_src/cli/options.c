#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options_view.h"
#include "engine/engine.h"

enum { DEFAULT_RATE = 99, MAX_SECONDS = 86400 };

enum long_option {
    OPT_ENGINE = 256,
    OPT_EVENT,
    OPT_KERNEL,
    OPT_FORCE,
    OPT_NO_COMMAND,
    OPT_PROCESS,
    OPT_FOCUS,
    OPT_IGNORE,
    OPT_TOP,
};

static const struct option long_options[] = {
    {"pid", required_argument, NULL, 'p'},
    {"duration", required_argument, NULL, 'd'},
    {"rate", required_argument, NULL, 'r'},
    {"output", required_argument, NULL, 'o'},
    {"format", required_argument, NULL, 'f'},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {"engine", required_argument, NULL, OPT_ENGINE},
    {"event", required_argument, NULL, OPT_EVENT},
    {"kernel", no_argument, NULL, OPT_KERNEL},
    {"force", no_argument, NULL, OPT_FORCE},
    {"no-command", no_argument, NULL, OPT_NO_COMMAND},
    {"process", required_argument, NULL, OPT_PROCESS},
    {"focus", required_argument, NULL, OPT_FOCUS},
    {"ignore", required_argument, NULL, OPT_IGNORE},
    {"top", required_argument, NULL, OPT_TOP},
    {"timeline", no_argument, NULL, OPT_TIMELINE},
    {"state", required_argument, NULL, OPT_STATE},
    {"thread", required_argument, NULL, OPT_THREAD},
    {"scheduler", required_argument, NULL, OPT_SCHEDULER},
    {"from", required_argument, NULL, OPT_FROM},
    {"to", required_argument, NULL, OPT_TO},
    {"by", required_argument, NULL, OPT_BY},
    {"weights", required_argument, NULL, OPT_WEIGHTS},
    {"callers", required_argument, NULL, OPT_CALLERS},
    {"tree", no_argument, NULL, OPT_TREE},
    {"min", required_argument, NULL, OPT_MIN},
    {NULL, 0, NULL, 0},
};

/* Which options a verb has, by their getopt codes. */
struct verb_options {
    const char *short_options;
    const int *codes; /* 0-terminated */
};

static const int record_codes[] = {'p',
                                   'd',
                                   'r',
                                   'o',
                                   'f',
                                   'q',
                                   'h',
                                   OPT_ENGINE,
                                   OPT_EVENT,
                                   OPT_KERNEL,
                                   OPT_FORCE,
                                   OPT_NO_COMMAND,
                                   OPT_PROCESS,
                                   OPT_FOCUS,
                                   OPT_IGNORE,
                                   OPT_TOP,
                                   OPT_TIMELINE,
                                   OPTIONS_VIEW_CODES,
                                   0};
static const int report_codes[] = {
    'o',       'f',        'h',     OPT_PROCESS,
    OPT_FOCUS, OPT_IGNORE, OPT_TOP, OPTIONS_VIEW_CODES,
    0};
static const int doctor_codes[] = {'p', 'h', 0};

static int fault(struct options_fault *f, const char *what, const char *value,
                 const char *why)
{
    snprintf(f->what, sizeof(f->what), "%s%s%.80s", what, *value ? " " : "",
             value);
    snprintf(f->why, sizeof(f->why), "%s", why);
    return -E_USAGE;
}

static int whole_number(const char *text, long min, long max, long *out)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < min || value > max)
        return -E_USAGE;
    *out = value;
    return 0;
}

static int parse_pid(struct options *o, const char *text,
                     struct options_fault *f)
{
    long value;
    if (whole_number(text, 1, INT_MAX, &value))
        return fault(f, "--pid", text,
                     "not a process id; see `pgrep -a beam.smp`");
    o->pid = (pid_t)value;
    return 0;
}

static int parse_rate(struct options *o, const char *text,
                      struct options_fault *f)
{
    long value;
    if (whole_number(text, ENGINE_MIN_RATE, ENGINE_MAX_RATE, &value))
        return fault(f, "--rate", text, "give 1 to 10000 samples per second");
    o->rate = (unsigned)value;
    return 0;
}

static int parse_seconds(struct options *o, const char *text,
                         struct options_fault *f)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value > 0 && value <= MAX_SECONDS))
        return fault(f, "--duration", text,
                     "give seconds, more than 0 and at most 86400");
    o->seconds = value;
    return 0;
}

static int parse_format(struct options *o, const char *text,
                        struct options_fault *f)
{
    o->format = format_by_name(text);
    return o->format ? 0
                     : fault(f, "--format", text, err_text(-E_UNKNOWN_FORMAT));
}

static int parse_top(struct options *o, const char *text,
                     struct options_fault *f)
{
    long value;
    if (whole_number(text, 1, 1000000, &value))
        return fault(f, "--top", text, "give a number of rows, 1 or more");
    o->top = (unsigned)value;
    return 0;
}

static int parse_pattern(const char **out, const char *option, const char *text,
                         struct options_fault *f)
{
    *out = text;
    int err = filter_check(text);
    return err ? fault(f, option, text, err_text(err)) : 0;
}

/* Found out before a command is started or a node is attached to. */
static int parse_engine(struct options *o, const char *text,
                        struct options_fault *f)
{
    o->engine = text;
    if (strcmp(text, "auto") == 0)
        return 0;
    for (const struct engine_ops *const *e = engine_all; *e; e++)
        if (strcmp(text, (*e)->name) == 0)
            return 0;
    return fault(f, "--engine", text, err_text(-E_UNKNOWN_ENGINE));
}

static int parse_output(struct options *o, const char *text,
                        struct options_fault *f)
{
    if (o->output)
        return fault(
            f, "--output", text,
            "can be given only once; make other files with `cprof report`");
    o->output = text;
    return *text ? 0 : fault(f, "--output", text, "give a file name");
}

static int parse_event(struct options *o, const char *text,
                       struct options_fault *f)
{
    o->event = text;
    return strcmp(text, "cpu-clock") == 0 || strcmp(text, "cycles") == 0
               ? 0
               : fault(f, "--event", text, "choose cpu-clock or cycles");
}

static int add_process(struct options *o, const char *text,
                       struct options_fault *f)
{
    if (o->process_count == OPTIONS_MAX_PROCESSES)
        return fault(f, "--process", text, "can be given at most 64 times");
    o->processes[o->process_count++] = text;
    return 0;
}

static const char *long_name(int code)
{
    for (const struct option *l = long_options; l->name; l++)
        if (l->val == code)
            return l->name;
    return "";
}

/* What part of a recording is shown, and how. */
static int parse_view(struct options *o, int code, struct options_fault *f)
{
    char option[32];
    const char *why = options_view_take(o, code, optarg);
    snprintf(option, sizeof(option), "--%s", long_name(code));
    return why ? fault(f, option, optarg ? optarg : "", why) : 0;
}

static int parse_one(struct options *o, int code, struct options_fault *f)
{
    if (code >= OPTIONS_VIEW_FIRST)
        return parse_view(o, code, f);
    switch (code) {
    case 'p':
        return parse_pid(o, optarg, f);
    case 'd':
        return parse_seconds(o, optarg, f);
    case 'r':
        return parse_rate(o, optarg, f);
    case 'f':
        return parse_format(o, optarg, f);
    case OPT_TOP:
        return parse_top(o, optarg, f);
    case OPT_EVENT:
        return parse_event(o, optarg, f);
    case OPT_PROCESS:
        return add_process(o, optarg, f);
    case 'o':
        return parse_output(o, optarg, f);
    case OPT_ENGINE:
        return parse_engine(o, optarg, f);
    case OPT_FOCUS:
        return parse_pattern(&o->focus, "--focus", optarg, f);
    case OPT_IGNORE:
        return parse_pattern(&o->ignore, "--ignore", optarg, f);
    case OPT_KERNEL:
        o->kernel = true;
        return 0;
    case OPT_FORCE:
        o->force = true;
        return 0;
    case OPT_NO_COMMAND:
        o->no_command = true;
        return 0;
    case 'q':
        o->quiet = true;
        return 0;
    default:
        o->help = true;
        return 0;
    }
}

static bool has_code(const struct verb_options *verb, int code)
{
    for (const int *c = verb->codes; *c; c++)
        if (*c == code)
            return true;
    return false;
}

static int parse(int argc, char **argv, const struct verb_options *verb,
                 struct options *o, struct options_fault *f)
{
    *o = (struct options){
        .rate = DEFAULT_RATE, .engine = "auto", .event = "cpu-clock"};
    optind = 1;
    opterr = 0;
    for (;;) {
        int code =
            getopt_long(argc, argv, verb->short_options, long_options, NULL);
        if (code == -1)
            return 0;
        /* Options may stand behind other words: it is the one just passed. */
        const char *option = argv[optind > 1 ? optind - 1 : 1];
        if (code == ':')
            return fault(f, option, "", "needs a value");
        if (code == '?' || !has_code(verb, code))
            return fault(f, option, "", "no such option");
        int err = parse_one(o, code, f);
        if (err)
            return err;
    }
}

/* -f wins; else the extension of -o; else text. */
static int decide_format(struct options *o, struct options_fault *f)
{
    if (o->format)
        return 0;
    if (!o->output) {
        o->format = &format_text;
        return 0;
    }
    o->format = format_by_path(o->output);
    return o->format ? 0
                     : fault(f, "--output", o->output,
                             "the file extension is of no known format; use "
                             ".html, .txt, .json, .collapsed, "
                             ".speedscope.json or .pb.gz, or add --format");
}

static int decide_view(struct options *o, struct options_fault *f)
{
    int err = decide_format(o, f);
    if (err)
        return err;
    const char *option, *why = options_view_check(o, &option);
    return why ? fault(f, option, "", why) : 0;
}

int options_parse_record(int argc, char **argv, struct options *o,
                         struct options_fault *f)
{
    static const struct verb_options verb = {"+:p:d:r:o:f:qh", record_codes};
    int err = parse(argc, argv, &verb, o, f);
    if (err || o->help)
        return err;
    if (optind < argc)
        o->command = argv + optind;
    if (o->pid && o->command)
        return fault(f, argv[optind], "",
                     "give either --pid or a command, not both");
    long pid;
    if (o->command && !o->command[1] &&
        whole_number(o->command[0], 1, INT_MAX, &pid) == 0)
        return fault(f, o->command[0], "",
                     "use --pid to give the pid of a node");
    if (!o->pid && !o->command)
        return fault(f, "record", "",
                     "which node? give --pid PID or -- COMMAND");
    err = decide_view(o, f);
    if (err)
        return err;
    o->timeline |= o->format == &format_html; /* the page shows it */
    if ((o->from_ns || o->to_ns) && !o->timeline)
        return fault(f, o->from_ns ? "--from" : "--to", "",
                     "also needs --timeline when recording");
    return 0;
}

int options_parse_report(int argc, char **argv, struct options *o,
                         struct options_fault *f)
{
    static const struct verb_options verb = {":o:f:h", report_codes};
    int err = parse(argc, argv, &verb, o, f);
    if (err || o->help)
        return err;
    if (optind + 1 != argc)
        return fault(f, "report", "", "give one recording (a .pb.gz file)");
    o->input = argv[optind];
    return decide_view(o, f);
}

int options_parse_doctor(int argc, char **argv, struct options *o,
                         struct options_fault *f)
{
    static const struct verb_options verb = {":p:h", doctor_codes};
    int err = parse(argc, argv, &verb, o, f);
    if (!err && !o->help && optind < argc)
        return fault(f, argv[optind], "", "unexpected argument");
    return err;
}
