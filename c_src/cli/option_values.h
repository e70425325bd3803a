/**
 * @file option_values.h
 * The values of options: numbers, and what only some verbs take.
 * Each option_take_* stores a value, and returns NULL or why it is wrong (a
 * text that lives until the next call).
 */
#ifndef CPROF_CLI_OPTION_VALUES_H
#define CPROF_CLI_OPTION_VALUES_H

#include "cli/options.h"

/** A whole number from min to max, and nothing else. */
bool option_whole(const char *text, long min, long max, long *out);
/** A number that the unit may follow. It may be "inf" or "nan", so the caller
 *  checks its range. */
bool option_real(const char *text, const char *unit, double *out);

extern const char option_too_many[];
/** Adds a value of a repeatable option. NULL, or option_too_many. */
const char *option_add_text(const char **texts, size_t *count,
                            const char *text);

const char *option_take_base(struct options *o, const char *text);
const char *option_take_new(struct options *o, const char *text);
const char *option_take_fail_above(struct options *o, const char *text);
const char *option_take_min_effect(struct options *o, const char *text);
const char *option_take_max_cost(struct options *o, const char *text);

extern const struct options_watch option_watch_defaults;
const char *option_take_when(struct options *o, const char *text);
const char *option_take_before(struct options *o, const char *text);
const char *option_take_after(struct options *o, const char *text);
const char *option_take_at_most(struct options *o, const char *text);
const char *option_take_name(struct options *o, const char *text);
const char *option_take_keep(struct options *o, const char *text);
const char *option_take_also(struct options *o, const char *text);
/** Which option of `watch` does not fit the others, and why; NULL: they fit. */
const char *option_watch_refuse(const struct options *o, const char **why);

#endif
