#include "formats/json_sink.h"

#include <math.h>

#include "formats/json_dump.h"

static struct json_sink *of(struct sink *s)
{
    return (struct json_sink *)s;
}

static void indent(struct json_sink *j)
{
    if (j->one_line)
        return;
    buffer_text(j->out, "\n");
    for (unsigned i = 0; i < j->depth; i++)
        buffer_add(j->out, " ", 1);
}

static void next_line(struct json_sink *j)
{
    if (j->out->failed)
        return;
    if (j->open[j->depth - 1].any)
        buffer_text(j->out, j->one_line ? ", " : ",");
    j->open[j->depth - 1].any = true;
    indent(j);
}

static void key(struct sink *s, const char *name)
{
    next_line(of(s));
    buffer_printf(of(s)->out, "\"%s\": ", name);
}

/* Prepares the place for a value. Within an object, its key has already begun
 * the line. */
static struct buffer *place(struct sink *s)
{
    struct json_sink *j = of(s);
    if (j->depth > 0 && j->open[j->depth - 1].box == SINK_LIST)
        next_line(j);
    return j->out;
}

static void begin(struct sink *s, enum sink_box box)
{
    struct json_sink *j = of(s);
    buffer_text(place(s), box == SINK_OBJECT ? "{" : "[");
    if (j->out->failed || j->depth == SINK_MAX_DEPTH) {
        j->out->failed = true;
        return;
    }
    j->open[j->depth].box = box;
    j->open[j->depth++].any = false;
}

static void end(struct sink *s)
{
    struct json_sink *j = of(s);
    if (j->out->failed)
        return;
    j->depth--;
    if (j->open[j->depth].any)
        indent(j);
    buffer_text(j->out, j->open[j->depth].box == SINK_OBJECT ? "}" : "]");
}

static void text(struct sink *s, const char *bytes, size_t len)
{
    json_dump_text_n(place(s), bytes, len);
}

/* Names of ours need no escapes. */
static void word(struct sink *s, const char *name)
{
    buffer_printf(place(s), "\"%s\"", name);
}

static void integer(struct sink *s, int64_t value)
{
    buffer_printf(place(s), "%lld", (long long)value);
}

/* The integers of most readers are signed, so larger values are written as
 * INT64_MAX. */
static void natural(struct sink *s, uint64_t value)
{
    buffer_decimal(place(s), value > INT64_MAX ? INT64_MAX : value);
}

static void real(struct sink *s, double value, unsigned decimals)
{
    double unit = pow(10, decimals);
    json_dump_real(place(s), round(value * unit) / unit);
}

static void boolean(struct sink *s, bool value)
{
    buffer_text(place(s), value ? "true" : "false");
}

static void null(struct sink *s)
{
    buffer_text(place(s), "null");
}

static const struct sink_ops ops = {
    .key = key,
    .begin = begin,
    .end = end,
    .text = text,
    .word = word,
    .integer = integer,
    .natural = natural,
    .real = real,
    .boolean = boolean,
    .null = null,
};

void json_sink_init(struct json_sink *s, struct buffer *out)
{
    *s = (struct json_sink){.sink = {&ops}, .out = out};
}

int json_sink_finish(struct json_sink *s)
{
    buffer_text(s->out, "\n");
    return buffer_status(s->out);
}
