/**
 * @file option_times.h
 * Options whose value is a time. Each takes a text, stores nanoseconds, and
 * returns NULL, or a sentence that says what to give instead.
 */
#ifndef CPROF_CLI_OPTION_TIMES_H
#define CPROF_CLI_OPTION_TIMES_H

#include "cli/options.h"

/** Seconds since the recording began. */
const char *option_take_from(struct options *o, const char *text);
/** The same, more than 0. */
const char *option_take_to(struct options *o, const char *text);
/** A duration with its unit: us, ms or s. */
const char *option_take_slower_than(struct options *o, const char *text);

#endif
