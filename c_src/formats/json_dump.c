#include "formats/json_dump.h"

#include <jansson.h>

#include "base/utf8.h"

/*
 * jansson escapes what JSON demands: quotes, backslashes and C0 controls. Other
 * characters that are not visible are escaped here. They occur only inside
 * strings, and their code points are below U+10000. Line breaks are jansson's
 * own and are kept.
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

/* jansson's pieces never end within a character. */
static int add_piece(const char *bytes, size_t len, void *out)
{
    add_visible(out, bytes, len);
    return ((struct buffer *)out)->failed ? -1 : 0;
}

/* Writes the value and frees it. */
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
