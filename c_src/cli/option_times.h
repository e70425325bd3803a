/**
 * @file option_times.h
 * Options whose value is a time: each takes a text, and returns NULL or what is
 * wrong with it.
 */
#ifndef CPROF_CLI_OPTION_TIMES_H
#define CPROF_CLI_OPTION_TIMES_H

#include "cli/options.h"

const char *option_take_from(struct options *o, const char *text);
const char *option_take_to(struct options *o, const char *text);
const char *option_take_slower_than(struct options *o, const char *text);

#endif
