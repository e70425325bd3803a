#include "report/sink.h"

#include <math.h>
#include <string.h>

static const struct sink_ops *at_key(struct sink *s, const char *key)
{
    if (key)
        s->ops->key(s, key);
    return s->ops;
}

void sink_object(struct sink *s, const char *key)
{
    at_key(s, key)->begin(s, SINK_OBJECT);
}

void sink_list(struct sink *s, const char *key)
{
    at_key(s, key)->begin(s, SINK_LIST);
}

void sink_end(struct sink *s)
{
    s->ops->end(s);
}

void sink_text(struct sink *s, const char *key, const char *text)
{
    at_key(s, key)->text(s, text, strlen(text));
}

void sink_word(struct sink *s, const char *key, const char *word)
{
    at_key(s, key)->word(s, word);
}

void sink_integer(struct sink *s, const char *key, int64_t value)
{
    at_key(s, key)->integer(s, value);
}

void sink_natural(struct sink *s, const char *key, uint64_t value)
{
    at_key(s, key)->natural(s, value);
}

void sink_real(struct sink *s, const char *key, double value, unsigned decimals)
{
    if (isfinite(value))
        at_key(s, key)->real(s, value, decimals);
    else
        sink_null(s, key);
}

void sink_boolean(struct sink *s, const char *key, bool value)
{
    at_key(s, key)->boolean(s, value);
}

void sink_null(struct sink *s, const char *key)
{
    at_key(s, key)->null(s);
}

void sink_lines(struct sink *s, const char *key, const char *lines)
{
    sink_list(s, key);
    while (*lines) {
        size_t len = strcspn(lines, "\n");
        s->ops->text(s, lines, len);
        lines += len + (lines[len] == '\n');
    }
    sink_end(s);
}
