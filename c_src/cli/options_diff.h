/**
 * @file options_diff.h
 * The command line of `diff` as values, checked; as options.h.
 */
#ifndef CPROF_CLI_OPTIONS_DIFF_H
#define CPROF_CLI_OPTIONS_DIFF_H

#include "cli/options.h"
#include "formats/diff_format.h"

enum { OPTIONS_MAX_RECORDINGS = 64 };

/** Files of a side. */
struct options_side {
    const char *files[OPTIONS_MAX_RECORDINGS];
    size_t count;
};

struct options_diff {
    struct options view;              /**< help, output, top and the filter */
    const struct diff_format *format; /**< never NULL after parsing */
    struct options_side base, now;
    bool has_limit;
    double limit;      /**< --fail-above, percent */
    double min_effect; /**< 0.05: 5 %; 0: not given */
};

/** argv[0] is the verb. 0, or -E_USAGE with *fault filled. */
MUST_USE int options_diff_parse(int argc, char **argv, struct options_diff *out,
                                struct options_fault *fault);

#endif
