#include "formats/html_parts.h"

#include <string.h>

#include "base/utf8.h"

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
    utf8_show(&clean, text, strlen(text));
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
