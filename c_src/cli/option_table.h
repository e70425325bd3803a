/**
 * @file option_table.h
 * The table of all options: their names, the verbs that have them, their
 * values, how they are parsed and what they do. Parsing (options.h), --help,
 * the man page and the completion for shells (help.h) use this table.
 */
#ifndef CPROF_CLI_OPTION_TABLE_H
#define CPROF_CLI_OPTION_TABLE_H

#include "cli/options.h"

/** The i-th word of a list of values, for a verb; NULL after the last. If the
 *  option has a default, it is the first word. */
typedef const char *option_words(enum option_verb verb, size_t i);

/** What a value may be. */
enum option_value {
    OPTION_ANY,   /**< anything that is not refused by `take` */
    OPTION_WORD,  /**< one of the words */
    OPTION_WORDS, /**< one of the words, or several with commas between */
};

struct option_row {
    const char *name;     /**< without the dashes */
    char letter;          /**< 0: none */
    unsigned verbs;       /**< a set of enum option_verb */
    const char *argument; /**< such as "PID"; NULL: none */
    option_words *words;  /**< NULL: none */
    enum option_value value;
    /** Stores the value. Returns NULL, or why the value is wrong. If this is
     *  NULL, the value is stored at `to`; an option without an argument sets a
     *  bool there. */
    const char *(*take)(struct options *o, const char *text);
    size_t to;        /**< offset in struct options */
    const char *help; /**< "{}" stands for the words, as "a, b or c", and
                           "{first}" for the first of them */
};

/** Ends with a row whose name is NULL. */
extern const struct option_row option_table[];

/** The row with this name, which must exist. */
const struct option_row *option_row(const char *name);
/** The first word of the option with this name. */
const char *option_first_word(const char *name, enum option_verb verb);
/** Would --pid accept this text? */
bool option_is_pid(const char *text);

#endif
