#include "cli/option_words.h"

#include <string.h>

#include "engine/engine.h"

bool option_words_format_fits(const struct format *f, enum option_verb verb)
{
    switch (verb) {
    case OPTION_DIFF:
        return f->write_diff != NULL;
    case OPTION_DUMP:
        return f->write_dump != NULL;
    case OPTION_SNAPSHOT:
        return f->write_snapshot != NULL;
    default:
        return f->write != NULL;
    }
}

/* The i-th format that can show the result of the verb. */
static const struct format *format_of(enum option_verb verb, size_t i)
{
    for (const struct format *const *f = format_all; *f; f++)
        if (option_words_format_fits(*f, verb) && i-- == 0)
            return *f;
    return NULL;
}

const char *option_words_formats(enum option_verb verb, size_t i)
{
    const struct format *f = format_of(verb, i);
    return f ? f->name : NULL;
}

const char *option_words_extensions(enum option_verb verb, size_t i)
{
    const struct format *f = format_of(verb, i);
    return f ? f->extension : NULL;
}

const char *option_words_engines(enum option_verb verb, size_t i)
{
    (void)verb;
    if (i == 0)
        return ENGINE_AUTO;
    return engine_all[i - 1] ? engine_all[i - 1]->name : NULL;
}

const char *option_words_states(enum option_verb verb, size_t i)
{
    (void)verb;
    return i < STATE_COUNT ? state_name((enum sample_state)i) : NULL;
}

/* Of two recordings of process time or blocked time, nobody knows how much work
 * they are of. */
const char *option_words_events(enum option_verb verb, size_t i)
{
    static const enum event compared[] = {EVENT_CPU, EVENT_ALLOC};
    if (verb != OPTION_DIFF)
        return i < EVENT_COUNT ? event_name((enum event)i) : NULL;
    return i < sizeof(compared) / sizeof(compared[0]) ? event_name(compared[i])
                                                      : NULL;
}

const char *option_words_clocks(enum option_verb verb, size_t i)
{
    (void)verb;
    return i < ENGINE_WALL ? engine_event_names[i] : NULL;
}

const char *option_words_columns(enum option_verb verb, size_t i)
{
    (void)verb;
    return moment_column_name(i);
}

const char *option_words_owners(enum option_verb verb, size_t i)
{
    static const char *const words[] = {"process", "scheduler", VIEW_SPAN,
                                        NULL};
    (void)verb;
    return words[i];
}

const char *option_words_weights(enum option_verb verb, size_t i)
{
    static const char *const words[] = {"samples", "cpu", NULL};
    (void)verb;
    return words[i];
}

static bool is_word(const struct option_row *row, enum option_verb verb,
                    const char *value, size_t len)
{
    const char *word;
    for (size_t i = 0; (word = row->words(verb, i)); i++)
        if (strlen(word) == len && memcmp(word, value, len) == 0)
            return true;
    return false;
}

bool option_words_have(const struct option_row *row, enum option_verb verb,
                       const char *value)
{
    const char *between = row->value == OPTION_WORDS ? "," : "";
    size_t len = strcspn(value, between);
    while (is_word(row, verb, value, len)) {
        value += len;
        if (!*value)
            return true;
        len = strcspn(++value, between);
    }
    return false;
}

void option_words_add(struct buffer *out, const struct option_row *row,
                      enum option_verb verb)
{
    const char *word;
    for (size_t i = 0; (word = row->words(verb, i)); i++) {
        bool last = !row->words(verb, i + 1);
        buffer_printf(out, "%s%s", i == 0 ? "" : last ? " or " : ", ", word);
    }
}
