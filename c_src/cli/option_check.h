/**
 * @file option_check.h
 * Which options and words of a command line fit together, and what follows from
 * the options that were not given.
 */
#ifndef CPROF_CLI_OPTION_CHECK_H
#define CPROF_CLI_OPTION_CHECK_H

#include "cli/options.h"

/**
 * Checks a line whose options have been taken into *o, and fills in the rest of
 * it. The words that are no options begin at argv[optind].
 * @return 0, or -E_USAGE, and then *f is filled in
 */
MUST_USE int option_check(int argc, char **argv, struct options *o,
                          struct options_fault *f);

#endif
