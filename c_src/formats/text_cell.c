#include "formats/text_parts.h"

#include <stdio.h>
#include <string.h>

static bool starts_character(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

size_t text_cell_width(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += starts_character(*text);
    return n;
}

/*
 * Also C1 controls (U+0080 to U+009F, in UTF-8 0xc2 and a byte below 0xa0):
 * terminals obey some of them.
 */
static bool is_c1(const char *at)
{
    return (unsigned char)at[0] == 0xc2 && (unsigned char)at[1] < 0xa0;
}

/* Marks that turn the writing direction (U+200E, U+200F, U+202A to U+202E,
 * U+2066 to U+2069): the rest of the line would read as something else. */
static bool is_direction(const char *at)
{
    const unsigned char *c = (const unsigned char *)at;
    if (c[0] != 0xe2)
        return false;
    if (c[1] == 0x80)
        return c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xaa && c[2] <= 0xae);
    return c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9;
}

/* Names are whole UTF-8 and end with a NUL, so looking ahead stays inside. */
static void add_clean(struct buffer *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (is_c1(text + i)) {
            buffer_text(out, "?");
            i++;
        } else if (is_direction(text + i)) {
            buffer_text(out, "?");
            i += 2;
        } else if (c < ' ' || c == 127) {
            buffer_text(out, "?");
        } else {
            buffer_add(out, text + i, 1);
        }
    }
}

/* Byte offset of character n. */
static size_t offset_of(const char *text, size_t n)
{
    size_t i = 0;
    for (; text[i]; i++)
        if (starts_character(text[i]) && n-- == 0)
            break;
    return i;
}

void text_cell_add(struct buffer *out, const char *text, size_t width)
{
    size_t own = text_cell_width(text), len = strlen(text);
    if (width == 0 || own <= width) {
        add_clean(out, text, len);
        for (; own < width; own++)
            buffer_text(out, " ");
        return;
    }
    size_t head = (width - 1) / 2, tail = width - 1 - head;
    size_t from = offset_of(text, own - tail);
    add_clean(out, text, offset_of(text, head));
    buffer_text(out, "\xe2\x80\xa6");
    add_clean(out, text + from, len - from);
}

void text_cell_place(struct buffer *out, const char *path, uint32_t line)
{
    size_t from = strlen(path);
    for (int slashes = 0; from > 0; from--)
        if (path[from - 1] == '/' && ++slashes == 2)
            break;
    add_clean(out, path + from, strlen(path + from));
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
