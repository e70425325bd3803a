/**
 * @file option_words.h
 * The words that the options of the table accept as their value.
 */
#ifndef CPROF_CLI_OPTION_WORDS_H
#define CPROF_CLI_OPTION_WORDS_H

#include "cli/option_table.h"

/** Each returns the i-th word that fits the verb, or NULL if there are no more.
 */
const char *option_words_formats(enum option_verb verb, size_t i);
const char *option_words_extensions(enum option_verb verb, size_t i);
const char *option_words_engines(enum option_verb verb, size_t i);
const char *option_words_states(enum option_verb verb, size_t i);
const char *option_words_events(enum option_verb verb, size_t i);
const char *option_words_clocks(enum option_verb verb, size_t i);
const char *option_words_owners(enum option_verb verb, size_t i);
const char *option_words_weights(enum option_verb verb, size_t i);
/** Can the format show the result of the verb? */
bool option_words_format_fits(const struct format *f, enum option_verb verb);
/** Is the value one of the option's words, or a list of them where the option
 *  takes a list? */
bool option_words_have(const struct option_row *row, enum option_verb verb,
                       const char *value);
/** Appends "a, b or c". */
void option_words_add(struct buffer *out, const struct option_row *row,
                      enum option_verb verb);

/** The columns by which top sorts processes. */
const char *option_words_columns(enum option_verb verb, size_t i);

#endif
