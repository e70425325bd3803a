#include "cli/option_check.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/option_events.h"
#include "cli/option_fault.h"
#include "cli/option_table.h"
#include "cli/option_values.h"
#include "cli/option_words.h"

/* Uses the format of --format, or otherwise that of the output's extension, or
 * otherwise the first one. */
static int decide_format(struct options *o, struct options_fault *f)
{
    if (!o->format)
        o->format = o->output ? format_by_path(o->output) : format_all[0];
    if (o->format && option_words_format_fits(o->format, o->verb))
        return 0;
    const struct option_row *row = option_row("output");
    struct buffer why;
    buffer_init(&why, sizeof(f->why));
    buffer_text(&why, "the file extension is of no known format; use ");
    option_words_add(&why, row, o->verb);
    buffer_add(&why, ", or add --format", sizeof(", or add --format"));
    int err = buffer_status(&why);
    if (!err)
        err = option_fault_of(f, row, o->output, (const char *)why.data);
    buffer_deinit(&why);
    return err;
}

static int check_times(const struct options *o, struct options_fault *f)
{
    return o->to_ns && o->to_ns <= o->from_ns
               ? option_fault_of(f, option_row("to"), NULL,
                                 "must be later than --from")
               : 0;
}

/* Why the options that say whose the stacks are do not fit; NULL: they do. */
static const char *check_owners(const struct options *o, const char **name)
{
    *name = o->by ? "by" : "weights";
    if (o->by && strcmp(o->by, VIEW_SPAN) == 0)
        return o->format == &format_collapsed
                   ? NULL
                   : "span works only with the format collapsed";
    return (o->by || o->weights) && o->format != &format_speedscope
               ? "works only with the format speedscope"
               : NULL;
}

static int check_view(struct options *o, struct options_fault *f)
{
    int err = decide_format(o, f);
    err = err ? err : check_times(o, f);
    if (err)
        return err;
    const char *name = o->callers ? "callers"
                       : o->tree  ? "tree"
                       : o->self  ? "self"
                                  : "min";
    bool of_text = o->callers || o->tree || o->self || o->min_pct > 0;
    const char *why = NULL;
    if (of_text && o->format != &format_text)
        why = "works only with the text report; leave --format out";
    else if (o->callers && o->tree)
        why = "cannot be combined with --tree";
    else if (o->self && (o->callers || o->tree))
        why = "cannot be combined with --self";
    else if (o->min_pct > 0 && !o->tree)
        why = "works only with --tree";
    else
        why = check_owners(o, &name);
    return why ? option_fault_of(f, option_row(name), NULL, why) : 0;
}

/* Reports a word that the user probably meant as a node, not as a command. */
static int node_without_option(const char *word, struct options_fault *f)
{
    char why[160];
    bool pid = option_is_pid(word);
    if (!pid && (!strchr(word, '@') || strchr(word, '/')))
        return 0;
    snprintf(why, sizeof(why), "did you mean %s %.100s?", pid ? "-p" : "-n",
             word);
    return option_fault(f, word, "", why);
}

/* A node that got its name after its start can be asked if both are given. */
static int check_node(const struct options *o, struct options_fault *f)
{
    if (o->cookie_file && !o->ask)
        return option_fault_of(f, option_row("cookie-file"), o->cookie_file,
                               "only for --ask");
    return o->pid && o->node && !o->ask
               ? option_fault(f, "--node", o->node,
                              "give either --pid or --node")
               : 0;
}

static int check_event(struct options *o, struct options_fault *f)
{
    const char *value, *why;
    if (!o->events)
        o->events = EVENT_SET(EVENT_CPU);
    o->rate = option_events_rate(o, option_events_first(o->events));
    const char *option = option_events_refuse(o, &value, &why);
    return option ? option_fault(f, option, value, why) : 0;
}

/* Better than to refuse it when the recording is over. */
static int check_one_event(const struct options *o, struct options_fault *f)
{
    return (o->events & (o->events - 1)) && o->format->one_event
               ? option_fault_of(
                     f, option_row("event"), NULL,
                     "this format shows one event; record them into a "
                     ".pb.gz file, then use `cprof report FILE "
                     "--event EVENT`")
               : 0;
}

static int check_record(int argc, char **argv, struct options *o,
                        struct options_fault *f)
{
    if (optind < argc)
        o->command = argv + optind;
    int err = check_node(o, f);
    if (!err && o->dashes && !o->command)
        err = option_fault(f, "--", "",
                           "needs a command after it, such as `mix run`");
    if (!err && o->command && (!o->dashes || !o->command[1]))
        err = node_without_option(o->command[0], f);
    if (!err && (o->pid || o->node) && o->command)
        err = option_fault(f, argv[optind], "",
                           "give either a node or a command, not both");
    if (!err)
        err = check_event(o, f);
    if (!err)
        err = check_view(o, f);
    if (!err)
        err = check_one_event(o, f);
    if (err)
        return err;
    o->timeline |= o->format == &format_html; /* the page shows a timeline */
    if ((o->from_ns || o->to_ns) && !o->timeline)
        return option_fault_of(f, option_row(o->from_ns ? VIEW_FROM : VIEW_TO),
                               NULL, "also needs --timeline when recording");
    return 0;
}

static int check_report(int argc, char **argv, struct options *o,
                        struct options_fault *f)
{
    if (optind + 1 != argc)
        return option_fault(f, "report", "",
                            "give one recording (a .pb.gz file)");
    o->input = argv[optind];
    return check_view(o, f);
}

static int check_diff(int argc, char **argv, struct options *o,
                      struct options_fault *f)
{
    bool by_options = o->base.count || o->now.count;
    if (by_options && optind < argc)
        return option_fault(
            f, argv[optind], "",
            "when --base and --new are used, every file needs one of them");
    if (by_options && (!o->base.count || !o->now.count))
        return option_fault_of(f, option_row(o->base.count ? "new" : "base"),
                               NULL,
                               "is missing; give recordings for both sides");
    if (!by_options && argc - optind != 2)
        return option_fault(
            f, "diff", "",
            "give two recordings, BASE and NEW (.pb.gz files); "
            "several with --base FILE and --new FILE, repeated");
    if (!by_options) {
        o->base = (struct options_side){{argv[optind]}, 1};
        o->now = (struct options_side){{argv[optind + 1]}, 1};
    }
    int err = decide_format(o, f);
    return err ? err : check_times(o, f);
}

/* For verbs whose only argument is a running node. */
static int check_only_node(int argc, char **argv, struct options *o,
                           struct options_fault *f)
{
    int err = check_node(o, f);
    if (!err && optind < argc)
        err = node_without_option(argv[optind], f);
    if (!err && optind < argc)
        err = option_fault(f, argv[optind], "", "unexpected argument");
    if (!err && o->all && o->top)
        err = option_fault_of(f, option_row("top"), NULL,
                              "give either it or --all");
    return err ? err : decide_format(o, f);
}

static int check_top(int argc, char **argv, struct options *o,
                     struct options_fault *f)
{
    if (!o->rate)
        o->rate = option_events_rate(o, EVENT_CPU);
    if (o->interval <= 0)
        o->interval = OPTIONS_INTERVAL;
    return check_only_node(argc, argv, o, f);
}

static int check_watch(int argc, char **argv, struct options *o,
                       struct options_fault *f)
{
    const char *why, *option = option_watch_refuse(o, &why);
    if (!o->rate)
        o->rate = OPTIONS_WATCH_RATE;
    return option ? option_fault(f, option, "", why)
                  : check_only_node(argc, argv, o, f);
}

int option_check(int argc, char **argv, struct options *o,
                 struct options_fault *f)
{
    switch (o->verb) {
    case OPTION_RECORD:
        return check_record(argc, argv, o, f);
    case OPTION_REPORT:
        return check_report(argc, argv, o, f);
    case OPTION_DIFF:
        return check_diff(argc, argv, o, f);
    case OPTION_TOP:
        return check_top(argc, argv, o, f);
    case OPTION_WATCH:
        return check_watch(argc, argv, o, f);
    default:
        return check_only_node(argc, argv, o, f);
    }
}
