#include "formats/html_parts.h"

#include <string.h>

#include "base/utf8.h"
#include "formats/json_dump.h"

/* Written in the form of utf8_show, because the page shows names next to
 * figures. */
void html_json_text(struct buffer *out, const char *text)
{
    struct buffer shown;
    buffer_init(&shown, BUFFER_DEFAULT_MAX);
    utf8_show(&shown, text, strlen(text));
    buffer_add(&shown, "", 1);
    if (shown.failed)
        out->failed = true;
    else
        json_dump_text(out, (char *)shown.data);
    buffer_deinit(&shown);
}

void html_json_list(struct buffer *out, size_t n,
                    uint64_t (*at)(const void *ctx, size_t i), const void *ctx)
{
    buffer_text(out, "[");
    for (size_t i = 0; i < n; i++) {
        if (i)
            buffer_text(out, ",");
        buffer_decimal(out, at(ctx, i));
    }
    buffer_text(out, "]");
}
