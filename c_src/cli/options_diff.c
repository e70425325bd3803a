#include "cli/options_diff.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options_view.h"

enum {
    OPT_BASE = 256,
    OPT_NEW,
    OPT_FAIL_ABOVE,
    OPT_MIN_EFFECT,
    OPT_TOP,
    OPT_PROCESS,
    OPT_FOCUS,
    OPT_IGNORE
};

static const struct option long_options[] = {
    {"base", required_argument, NULL, OPT_BASE},
    {"new", required_argument, NULL, OPT_NEW},
    {"fail-above", required_argument, NULL, OPT_FAIL_ABOVE},
    {"min-effect", required_argument, NULL, OPT_MIN_EFFECT},
    {"format", required_argument, NULL, 'f'},
    {"output", required_argument, NULL, 'o'},
    {"help", no_argument, NULL, 'h'},
    {"top", required_argument, NULL, OPT_TOP},
    {"process", required_argument, NULL, OPT_PROCESS},
    {"focus", required_argument, NULL, OPT_FOCUS},
    {"ignore", required_argument, NULL, OPT_IGNORE},
    {"state", required_argument, NULL, OPT_STATE},
    {"scheduler", required_argument, NULL, OPT_SCHEDULER},
    {"thread", required_argument, NULL, OPT_THREAD},
    {"from", required_argument, NULL, OPT_FROM},
    {"to", required_argument, NULL, OPT_TO},
    {NULL, 0, NULL, 0},
};

static const char no_format[] = "choose text (.txt), html (.html) or json "
                                "(.json)";

static int fault(struct options_fault *f, const char *what, const char *value,
                 const char *why)
{
    snprintf(f->what, sizeof(f->what), "%s%s%.80s", what, *value ? " " : "",
             value);
    snprintf(f->why, sizeof(f->why), "%s", why);
    return -E_USAGE;
}

/* Each of these: NULL, or why the value is wrong. */

static const char *take_file(struct options_side *side, const char *file)
{
    if (side->count == OPTIONS_MAX_RECORDINGS)
        return "at most 64 recordings for each side";
    side->files[side->count++] = file;
    return NULL;
}

static const char *take_percent(double *out, const char *text, double least)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || (*end && strcmp(end, "%") != 0) ||
        !(value >= least && value <= 1e6))
        return least > 0 ? "give a percentage above 0, such as 5"
                         : "give a percentage, such as 10";
    *out = value;
    return NULL;
}

static const char *take_top(struct options *o, const char *text)
{
    char *end;
    errno = 0;
    unsigned long n = strtoul(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || n < 1 || n > 1000000)
        return "give a number of rows, 1 or more";
    o->top = (unsigned)n;
    return NULL;
}

static const char *take_pattern(const char **out, const char *text)
{
    *out = text;
    int err = filter_check(text);
    return err ? err_text(err) : NULL;
}

static const char *take_process(struct options *o, const char *text)
{
    if (o->process_count == OPTIONS_MAX_PROCESSES)
        return "can be given at most 64 times";
    o->processes[o->process_count++] = text;
    return NULL;
}

static const char *take_format(struct options_diff *o, const char *text)
{
    o->format = diff_format_by_name(text);
    return o->format ? NULL : no_format;
}

static const char *take_output(struct options *o, const char *text)
{
    if (o->output)
        return "can be given only once";
    o->output = text;
    return *text ? NULL : "give a file name";
}

static const char *take(struct options_diff *o, int code, const char *text)
{
    struct options *view = &o->view;
    const char *why;
    switch (code) {
    case OPT_BASE:
        return take_file(&o->base, text);
    case OPT_NEW:
        return take_file(&o->now, text);
    case OPT_FAIL_ABOVE:
        o->has_limit = true;
        return take_percent(&o->limit, text, 0);
    case OPT_MIN_EFFECT:
        why = take_percent(&o->min_effect, text, 1e-9);
        o->min_effect /= 100;
        return why;
    case 'f':
        return take_format(o, text);
    case 'o':
        return take_output(view, text);
    case OPT_TOP:
        return take_top(view, text);
    case OPT_PROCESS:
        return take_process(view, text);
    case OPT_FOCUS:
        return take_pattern(&view->focus, text);
    case OPT_IGNORE:
        return take_pattern(&view->ignore, text);
    default:
        return options_view_take(view, code, text);
    }
}

static const char *long_name(int code)
{
    for (const struct option *l = long_options; l->name; l++)
        if (l->val == code)
            return l->name;
    return "";
}

static int parse(int argc, char **argv, struct options_diff *o,
                 struct options_fault *f)
{
    optind = 1;
    opterr = 0;
    for (;;) {
        int code = getopt_long(argc, argv, ":f:o:h", long_options, NULL);
        if (code == -1)
            return 0;
        /* Options may stand behind other words: it is the one just passed. */
        const char *given = argv[optind > 1 ? optind - 1 : 1];
        if (code == ':')
            return fault(f, given, "", "needs a value");
        if (code == '?')
            return fault(f, given, "", "no such option");
        if (code == 'h') {
            o->view.help = true;
            continue;
        }
        const char *why = take(o, code, optarg);
        char option[32];
        snprintf(option, sizeof(option), "--%s", long_name(code));
        if (why)
            return fault(f, option, optarg, why);
    }
}

static int take_sides(int argc, char **argv, struct options_diff *o,
                      struct options_fault *f)
{
    bool by_options = o->base.count || o->now.count;
    if (by_options && optind < argc)
        return fault(
            f, argv[optind], "",
            "when --base and --new are used, every file needs one of them");
    if (by_options && (!o->base.count || !o->now.count))
        return fault(f, o->base.count ? "--new" : "--base", "",
                     "is missing; give recordings for both sides");
    if (by_options)
        return 0;
    if (argc - optind != 2)
        return fault(f, "diff", "",
                     "give two recordings, BASE and NEW (.pb.gz files); "
                     "several with --base FILE and --new FILE, repeated");
    const char *why = take_file(&o->base, argv[optind]);
    if (!why)
        why = take_file(&o->now, argv[optind + 1]);
    return why ? fault(f, "diff", "", why) : 0;
}

/* -f wins; else the extension of -o; else text. */
static int decide_format(struct options_diff *o, struct options_fault *f)
{
    if (!o->format)
        o->format = o->view.output ? diff_format_by_path(o->view.output)
                                   : &diff_format_text;
    return o->format ? 0 : fault(f, "--output", o->view.output, no_format);
}

int options_diff_parse(int argc, char **argv, struct options_diff *o,
                       struct options_fault *f)
{
    *o = (struct options_diff){0};
    int err = parse(argc, argv, o, f);
    if (err || o->view.help)
        return err;
    err = take_sides(argc, argv, o, f);
    return err ? err : decide_format(o, f);
}
