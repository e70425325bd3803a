#include "formats/html_parts.h"

#include <string.h>

/* Bytes of the well-formed UTF-8 sequence at text, or 0 (RFC 3629: no
 * surrogates, nothing overlong, nothing above U+10FFFF). */
static size_t sequence_length(const unsigned char *text)
{
    unsigned char low = 0x80, high = 0xbf;
    size_t len;
    if (text[0] < 0x80)
        return 1;
    if (text[0] >= 0xc2 && text[0] <= 0xdf)
        len = 2;
    else if (text[0] >= 0xe0 && text[0] <= 0xef)
        len = 3;
    else if (text[0] >= 0xf0 && text[0] <= 0xf4)
        len = 4;
    else
        return 0;
    if (text[0] == 0xe0)
        low = 0xa0;
    else if (text[0] == 0xed)
        high = 0x9f;
    else if (text[0] == 0xf0)
        low = 0x90;
    else if (text[0] == 0xf4)
        high = 0x8f;
    for (size_t i = 1; i < len; i++, low = 0x80, high = 0xbf)
        if (text[i] < low || text[i] > high)
            return 0;
    return len;
}

void html_text_utf8(struct buffer *out, const char *text)
{
    while (*text) {
        size_t len = sequence_length((const unsigned char *)text);
        if (len)
            buffer_add(out, text, len);
        else
            buffer_text(out, "\xef\xbf\xbd");
        text += len ? len : 1;
    }
}

static const char *entity(char c)
{
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void html_text_escape(struct buffer *out, const char *text)
{
    struct buffer clean;
    buffer_init(&clean, BUFFER_DEFAULT_MAX);
    html_text_utf8(&clean, text);
    for (size_t i = 0; i < clean.len; i++) {
        const char *instead = entity((char)clean.data[i]);
        if (instead)
            buffer_text(out, instead);
        else
            buffer_add(out, &clean.data[i], 1);
    }
    out->failed |= clean.failed;
    buffer_deinit(&clean);
}
