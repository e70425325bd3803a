#include "formats/json_dump.h"

#include <jansson.h>

#include "base/utf8.h"

/*
 * jansson escapes what JSON demands: quotes, backslashes and C0. Everything
 * else that is not visible has a code point below U+10000 and can only stand
 * in a string; the line breaks are jansson's own.
 */
static void add_visible(struct buffer *out, const char *bytes, size_t len)
{
    size_t from = 0, n;
    for (size_t i = 0; i < len; i += n) {
        uint32_t code = 0;
        n = utf8_next(bytes + i, len - i, &code);
        bool keep = n == 0 || code == '\n' || utf8_is_visible(code);
        n = n ? n : 1;
        if (keep)
            continue;
        buffer_add(out, bytes + from, i - from);
        buffer_printf(out, "\\u%04x", (unsigned)code);
        from = i + n;
    }
    buffer_add(out, bytes + from, len - from);
}

/* A piece ends where a character does. */
static int add_piece(const char *bytes, size_t len, void *out)
{
    add_visible(out, bytes, len);
    return ((struct buffer *)out)->failed ? -1 : 0;
}

/* Takes the value over. */
static void add_value(struct buffer *out, json_t *json)
{
    const size_t flags = JSON_REAL_PRECISION(10) | JSON_ENCODE_ANY;
    if (!json || json_dump_callback(json, add_piece, out, flags))
        out->failed = true;
    json_decref(json);
}

void json_dump_text_n(struct buffer *out, const char *text, size_t len)
{
    add_value(out, json_stringn(text, len));
}

void json_dump_text(struct buffer *out, const char *text)
{
    add_value(out, json_string(text));
}

void json_dump_real(struct buffer *out, double value)
{
    add_value(out, json_real(value));
}
