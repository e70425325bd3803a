#include "formats/text_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static bool starts_character(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

size_t text_cell_width(const char *text)
{
    return utf8_shown_length(text, strlen(text));
}

/* Byte offset of character n. */
static size_t offset_of(const char *text, size_t len, size_t n)
{
    size_t i = 0;
    for (; i < len; i++)
        if (starts_character(text[i]) && n-- == 0)
            break;
    return i;
}

/* Text that may be shown, and how many columns it takes. */
static void add_shown(struct buffer *out, const struct buffer *shown,
                      size_t own, size_t width)
{
    const char *text = (const char *)shown->data;
    if (width == 0 || own <= width) {
        buffer_add(out, text, shown->len);
        for (; own < width; own++)
            buffer_text(out, " ");
        return;
    }
    size_t head = (width - 1) / 2, tail = width - 1 - head;
    size_t from = offset_of(text, shown->len, own - tail);
    buffer_add(out, text, offset_of(text, shown->len, head));
    buffer_text(out, "\xe2\x80\xa6");
    buffer_add(out, text + from, shown->len - from);
}

void text_cell_add(struct buffer *out, const char *text, size_t width)
{
    struct buffer shown;
    buffer_init(&shown, BUFFER_DEFAULT_MAX);
    utf8_show(&shown, text, strlen(text));
    if (shown.failed)
        out->failed = true;
    else
        add_shown(out, &shown, text_cell_width(text), width);
    buffer_deinit(&shown);
}

void text_cell_place(struct buffer *out, const char *path, uint32_t line)
{
    size_t from = strlen(path);
    for (int slashes = 0; from > 0; from--)
        if (path[from - 1] == '/' && ++slashes == 2)
            break;
    utf8_show(out, path + from, strlen(path + from));
    if (*path && line)
        buffer_printf(out, ":%u", line);
}

void text_cell_number(struct buffer *out, uint64_t n)
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            buffer_text(out, ",");
        buffer_add(out, digits + i, 1);
    }
}

void text_cell_end_line(struct buffer *out)
{
    while (out->len > 0 && out->data[out->len - 1] == ' ')
        out->len--;
    buffer_text(out, "\n");
}
