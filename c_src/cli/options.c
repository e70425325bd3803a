#include "cli/options.h"

#include <getopt.h>
#include <string.h>

#include "cli/option_check.h"
#include "cli/option_fault.h"
#include "cli/option_table.h"
#include "cli/option_values.h"
#include "cli/option_words.h"

enum {
    ROWS_MAX = 64,
    FIRST_CODE = 256, /* getopt's code of a row is this plus its index */
};

static int not_a_word(struct options_fault *f, const struct option_row *row,
                      enum option_verb verb, const char *value)
{
    struct buffer why;
    buffer_init(&why, sizeof(f->why));
    buffer_text(&why, "choose ");
    option_words_add(&why, row, verb);
    if (row->value == OPTION_WORDS && verb != OPTION_DIFF)
        buffer_text(&why, ", or several with commas between");
    buffer_add(&why, "", 1);
    int err = buffer_status(&why);
    if (!err)
        err = option_fault_of(f, row, value, (const char *)why.data);
    buffer_deinit(&why);
    return err;
}

static int take(struct options *o, const struct option_row *row,
                const char *value, struct options_fault *f)
{
    if (row->value != OPTION_ANY && !option_words_have(row, o->verb, value))
        return not_a_word(f, row, o->verb, value);
    const char *why = NULL;
    if (row->take)
        why = row->take(o, value);
    else if (row->argument && !*value)
        why = "needs a value";
    else if (row->argument)
        *(const char **)((char *)o + row->to) = value;
    else
        *(bool *)((char *)o + row->to) = true;
    return why ? option_fault_of(f, row, value, why) : 0;
}

/* --- getopt --------------------------------------------------------------- */

struct getopt_table {
    struct option rows[ROWS_MAX + 1];
    char letters[2 * ROWS_MAX + 3];
};

/* "+": a command after the options has its own options. ":": a missing value is
 * reported differently from an unknown option. */
static void make_getopt_table(enum option_verb verb, struct getopt_table *t)
{
    size_t n = 0;
    char *letter = t->letters;
    if (verb == OPTION_RECORD)
        *letter++ = '+';
    *letter++ = ':';
    for (size_t i = 0; option_table[i].name && n < ROWS_MAX; i++) {
        const struct option_row *row = &option_table[i];
        if (!(row->verbs & verb))
            continue;
        t->rows[n++] = (struct option){
            row->name, row->argument ? required_argument : no_argument, NULL,
            FIRST_CODE + (int)i};
        if (row->letter)
            *letter++ = row->letter;
        if (row->letter && row->argument)
            *letter++ = ':';
    }
    t->rows[n] = (struct option){0};
    *letter = '\0';
}

static const struct option_row *row_of(int code)
{
    if (code >= FIRST_CODE)
        return &option_table[code - FIRST_CODE];
    const struct option_row *row = option_table;
    while (row->letter != code)
        row++;
    return row;
}

static bool is_short_for(const struct option_row *row, enum option_verb verb,
                         const char *word)
{
    return row->verbs & verb && strncmp(word, "--", 2) == 0 &&
           strncmp(row->name, word + 2, strcspn(word + 2, "=")) == 0;
}

/* getopt refuses a value for an option that takes none, an ambiguous
 * abbreviation, and an unknown option. */
static int refused(struct options_fault *f, enum option_verb verb,
                   const char *word)
{
    if (optopt >= FIRST_CODE)
        return option_fault(f, word, "", "takes no value");
    size_t left = 0;
    for (const struct option_row *row = option_table; row->name; row++)
        left += is_short_for(row, verb, word);
    struct buffer why;
    buffer_init(&why, sizeof(f->why));
    buffer_text(&why, left ? "could be " : "no such option");
    for (const struct option_row *row = option_table; row->name; row++)
        if (is_short_for(row, verb, word))
            buffer_printf(&why, "--%s%s", row->name,
                          --left == 0 ? ""
                          : left == 1 ? " or "
                                      : ", ");
    buffer_add(&why, "", 1);
    int err = option_fault(f, word, "",
                           buffer_status(&why) ? "could be too many options"
                                               : (const char *)why.data);
    buffer_deinit(&why);
    return err;
}

static int parse(int argc, char **argv, struct options *o,
                 struct options_fault *f)
{
    struct getopt_table table;
    make_getopt_table(o->verb, &table);
    optind = 0; /* glibc: also resets its position within a word of an earlier
                   line */
    opterr = 0;
    for (;;) {
        int next = optind > 0 ? optind : 1;
        int code = getopt_long(argc, argv, table.letters, table.rows, NULL);
        if (code == -1) {
            o->dashes = optind > next;
            return 0;
        }
        char letter[] = {'-', (char)optopt, '\0'};
        /* Options may follow other words, so it is the word just passed. A
         * letter may be followed by others in the same word. */
        const char *option = optopt && optopt < FIRST_CODE
                                 ? letter
                                 : argv[optind > 1 ? optind - 1 : 1];
        if (code == ':')
            return option_fault(f, option, "", "needs a value");
        if (code == '?')
            return refused(f, o->verb, option);
        int err = take(o, row_of(code), optarg, f);
        if (err)
            return err;
    }
}

/* --- the whole line ------------------------------------------------------- */

int options_parse(enum option_verb verb, int argc, char **argv,
                  struct options *o, struct options_fault *f)
{
    *o = (struct options){.verb = verb,
                          .engine = option_first_word("engine", verb),
                          .clock = option_first_word("clock", verb),
                          .watch = option_watch_defaults};
    int err = parse(argc, argv, o, f);
    return err || o->help ? err : option_check(argc, argv, o, f);
}
