/**
 * @file options_view.h
 * The options that say which part of a recording is shown: common to `record`
 * and `report`.
 */
#ifndef CPROF_CLI_OPTIONS_VIEW_H
#define CPROF_CLI_OPTIONS_VIEW_H

#include "cli/options.h"
#include "formats/view.h"

/** getopt codes, apart from those of options.c. */
enum {
    OPTIONS_VIEW_FIRST = 512,
    OPT_TIMELINE = OPTIONS_VIEW_FIRST,
    OPT_STATE,
    OPT_THREAD,
    OPT_SCHEDULER,
    OPT_FROM,
    OPT_TO,
    OPT_BY,
    OPT_WEIGHTS,
    OPT_CALLERS,
    OPT_TREE,
    OPT_MIN,
};

/** Those that every verb with a view has. */
#define OPTIONS_VIEW_CODES                                                     \
    OPT_STATE, OPT_THREAD, OPT_SCHEDULER, OPT_FROM, OPT_TO, OPT_BY,            \
        OPT_WEIGHTS, OPT_CALLERS, OPT_TREE, OPT_MIN

#define OPTIONS_VIEW_HELP                                                      \
    "      --focus RE        only stacks with a matching function\n"           \
    "      --ignore RE       no stacks with a matching function\n"             \
    "      --state STATE     only running, gc, dirty-cpu, dirty-io, "          \
    "scheduler\n"                                                              \
    "                        or other (repeatable)\n"                          \
    "      --scheduler N     only normal scheduler N (repeatable)\n"           \
    "      --thread T        only the thread of that name or tid "             \
    "(repeatable)\n"                                                           \
    "      --from S, --to S  only that span, in seconds from the start; the\n" \
    "                        recording needs --timeline\n"                     \
    "      --top N           text: rows of a table (default 25)\n"             \
    "      --callers NAME    text: the callers and callees of a function\n"    \
    "      --tree            text: the call tree\n"                            \
    "      --min PERCENT     text: the smallest branch of the tree (default "  \
    "1)\n"                                                                     \
    "      --by WHAT         speedscope: a profile for each process "          \
    "(default)\n"                                                              \
    "                        or each scheduler\n"                              \
    "      --weights WHAT    speedscope: samples (default) or cpu (time)\n"

/** Takes one of the codes above with its value (NULL: it has none). NULL, or
 *  why the value is wrong. */
const char *options_view_take(struct options *o, int code, const char *text);
/** After all options: does one ask for what its format has not? NULL, or
 *  why not, with *option set. */
const char *options_view_check(const struct options *o, const char **option);
/** What the options ask to be shown. Borrows their texts. */
struct view options_view(const struct options *o);
/** Would the bytes of this format end on a terminal, unreadable? */
bool options_view_unreadable(const struct options *o);

#endif
