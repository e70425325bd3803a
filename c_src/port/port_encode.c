#include "port/port_encode.h"

#include <limits.h>
#include <string.h>

#include "port/port.h"

static void check(struct port_encoder *e, int rc)
{
    if (rc != 0)
        e->failed = true;
}

/* Is there room for len more bytes? ei counts with int, and PORT_MAX_PACKET
 * fits into that. */
static bool room(struct port_encoder *e, size_t len)
{
    if (e->failed || len > PORT_MAX_PACKET ||
        (size_t)e->x.index > PORT_MAX_PACKET - len)
        e->failed = true;
    return !e->failed;
}

void port_encode_tuple(struct port_encoder *e, size_t arity)
{
    if (room(e, arity))
        check(e, ei_x_encode_tuple_header(&e->x, (long)arity));
}

void port_encode_atom(struct port_encoder *e, const char *name)
{
    if (room(e, strlen(name)))
        check(e, ei_x_encode_atom(&e->x, name));
}

void port_encode_integer(struct port_encoder *e, int64_t value)
{
    if (room(e, sizeof(value)))
        check(e, ei_x_encode_longlong(&e->x, value));
}

void port_encode_bytes(struct port_encoder *e, const void *bytes, size_t len)
{
    if (room(e, len))
        check(e, ei_x_encode_binary(&e->x, bytes, (int)len));
}

void port_encode_text(struct port_encoder *e, const char *text)
{
    port_encode_bytes(e, text, strlen(text));
}

/* --- the sink ------------------------------------------------------------- */

static struct port_encoder *of(struct sink *s)
{
    return (struct port_encoder *)s;
}

/* To be called before a term: counts it if it is an element of a list. */
static struct port_encoder *term(struct sink *s)
{
    struct port_encoder *e = of(s);
    if (e->depth > 0 && e->open[e->depth - 1].box == SINK_LIST)
        e->open[e->depth - 1].count++;
    return e;
}

void port_encode_key(struct port_encoder *e, const char *key)
{
    if (e->failed)
        return;
    e->open[e->depth - 1].count++;
    port_encode_atom(e, key);
}

static void key(struct sink *s, const char *name)
{
    port_encode_key(of(s), name);
}

/* end() writes the right count into the header. */
static void begin(struct sink *s, enum sink_box box)
{
    struct port_encoder *e = term(s);
    if (e->depth == SINK_MAX_DEPTH || !room(e, 8)) {
        e->failed = true;
        return;
    }
    e->open[e->depth].box = box;
    e->open[e->depth].at = e->x.index;
    e->open[e->depth++].count = 0;
    check(e, box == SINK_OBJECT ? ei_x_encode_map_header(&e->x, 1)
                                : ei_x_encode_list_header(&e->x, 1));
}

static void end(struct sink *s)
{
    struct port_encoder *e = of(s);
    if (e->failed)
        return;
    enum sink_box box = e->open[--e->depth].box;
    int at = e->open[e->depth].at;
    uint32_t count = e->open[e->depth].count;
    if (box == SINK_LIST && count == 0)
        e->x.index = at; /* [] has no header, only the end of a list */
    else
        for (int i = 0; i < 4; i++)
            e->x.buff[at + 1 + i] = (char)(count >> (24 - 8 * i));
    if (box == SINK_LIST)
        check(e, ei_x_encode_empty_list(&e->x));
}

static void text(struct sink *s, const char *bytes, size_t len)
{
    port_encode_bytes(term(s), bytes, len);
}

static void word(struct sink *s, const char *name)
{
    port_encode_atom(term(s), name);
}

static void integer(struct sink *s, int64_t value)
{
    port_encode_integer(term(s), value);
}

static void natural(struct sink *s, uint64_t value)
{
    struct port_encoder *e = term(s);
    if (room(e, sizeof(value)))
        check(e, ei_x_encode_ulonglong(&e->x, value));
}

/* Written with all its digits, because programs may need them. */
static void real(struct sink *s, double value, unsigned decimals)
{
    struct port_encoder *e = term(s);
    (void)decimals;
    if (room(e, sizeof(value)))
        check(e, ei_x_encode_double(&e->x, value));
}

static void boolean(struct sink *s, bool value)
{
    word(s, value ? "true" : "false");
}

static void null(struct sink *s)
{
    word(s, "nil");
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

void port_encode_begin(struct port_encoder *e, int64_t ref, const char *kind)
{
    *e = (struct port_encoder){.sink = {&ops}};
    check(e, ei_x_new_with_version(&e->x));
    port_encode_tuple(e, 3);
    port_encode_integer(e, ref);
    port_encode_atom(e, kind);
}

int port_encode_finish(struct port_encoder *e, struct buffer *out)
{
    int rc = -E_LIMIT;
    size_t len = (size_t)e->x.index;
    if (!e->failed && len <= PORT_MAX_PACKET) {
        uint8_t head[4] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16),
                           (uint8_t)(len >> 8), (uint8_t)len};
        buffer_add(out, head, sizeof(head));
        buffer_add(out, e->x.buff, len);
        rc = buffer_status(out);
    }
    if (e->x.buff)
        ei_x_free(&e->x);
    return rc;
}
