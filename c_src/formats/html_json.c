#include "formats/html_parts.h"

#include <jansson.h>
#include <string.h>

static int add_bytes(const char *bytes, size_t len, void *ctx)
{
    buffer_add(ctx, bytes, len);
    return 0;
}

void html_json_text(struct buffer *out, const char *text)
{
    struct buffer clean;
    buffer_init(&clean, BUFFER_DEFAULT_MAX);
    html_text_utf8(&clean, text);
    json_t *json =
        json_stringn(clean.data ? (char *)clean.data : "", clean.len);
    if (!json || clean.failed ||
        json_dump_callback(json, add_bytes, out, JSON_ENCODE_ANY) != 0)
        out->failed = true;
    json_decref(json);
    buffer_deinit(&clean);
}

/* There are millions of them: no printf. */
void html_json_number(struct buffer *out, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    buffer_add(out, digits + at, sizeof(digits) - at);
}

void html_json_list(struct buffer *out, size_t n,
                    uint64_t (*at)(const void *ctx, size_t i), const void *ctx)
{
    buffer_text(out, "[");
    for (size_t i = 0; i < n; i++) {
        if (i)
            buffer_text(out, ",");
        html_json_number(out, at(ctx, i));
    }
    buffer_text(out, "]");
}
