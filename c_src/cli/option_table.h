/**
 * @file option_table.h
 * Every option once: its names, the verbs that have it, its values, how it is
 * read and what it does. Parsing (options.h), --help, the man page and the
 * completion of shells (help.h) are made of this table.
 */
#ifndef CPROF_CLI_OPTION_TABLE_H
#define CPROF_CLI_OPTION_TABLE_H

#include "cli/options.h"

/** The i-th word of a list that a verb has, or NULL after the last. The first
 *  is the default, of an option that has one. */
typedef const char *option_words(enum option_verb verb, size_t i);

struct option_row {
    const char *name;     /**< without the dashes */
    char letter;          /**< 0: it has none */
    unsigned verbs;       /**< enum option_verb */
    const char *argument; /**< "PID"; NULL: it has none */
    option_words *words;  /**< NULL: none */
    bool closed;          /**< a value must be one of the words */
    /** Takes the value: NULL, or why it is wrong. Without it the value is put
     *  at `to`; an option without an argument sets a bool there. */
    const char *(*take)(struct options *o, const char *text);
    size_t to;        /**< offset in struct options */
    const char *help; /**< "{}" stands for the words: "a, b or c"; "{first}"
                           for the first of them */
};

/** NULL-terminated by name. */
extern const struct option_row option_table[];

/** The row of that name; it must be there. */
const struct option_row *option_row(const char *name);
/** The first word of that option. */
const char *option_first_word(const char *name, enum option_verb verb);
/** Is the text what --pid takes? */
bool option_is_pid(const char *text);
/** Can the format show what the verb makes? */
bool option_format_fits(const struct format *f, enum option_verb verb);
/** Appends "a, b or c". */
void option_words_add(struct buffer *out, const struct option_row *row,
                      enum option_verb verb);

#endif
