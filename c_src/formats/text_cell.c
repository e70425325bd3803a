#include "formats/text_parts.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
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

static const char ellipsis[] = "...";
enum { ELLIPSIS = sizeof(ellipsis) - 1 };

/* Appends text that is safe to show and takes `own` columns. */
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
    size_t kept = width > ELLIPSIS ? width - ELLIPSIS : 0;
    size_t head = kept / 2, tail = kept - head;
    size_t from = offset_of(text, shown->len, own - tail);
    buffer_add(out, text, offset_of(text, shown->len, head));
    buffer_text(out, ellipsis);
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

/* The last `parts` parts of a path. */
static const char *end_of_path(const char *path, int parts)
{
    size_t from = strlen(path);
    for (int slashes = 0; from > 0; from--)
        if (path[from - 1] == '/' && ++slashes == parts)
            break;
    return path + from;
}

static void add_place(struct buffer *out, const char *path, uint32_t line)
{
    utf8_show(out, path, strlen(path));
    if (*path && line)
        buffer_printf(out, ":%u", line);
}

void text_cell_place(struct buffer *out, const char *path, uint32_t line)
{
    add_place(out, end_of_path(path, 2), line);
}

void text_cell_place_in(struct buffer *out, const char *path, uint32_t line,
                        size_t width)
{
    struct buffer place;
    buffer_init(&place, BUFFER_DEFAULT_MAX);
    for (int parts = 2; parts > 0; parts--) {
        buffer_clear(&place);
        add_place(&place, end_of_path(path, parts), line);
        buffer_add(&place, "", 1);
        if (!place.failed && text_cell_width((char *)place.data) <= width)
            break;
    }
    if (place.failed)
        out->failed = true;
    else
        text_cell_add(out, (char *)place.data, width);
    buffer_deinit(&place);
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

/* How much of the text goes on a line of `room` columns. A line is broken only
 * before a word that begins with a letter, so that no line begins with a
 * figure.
 */
static size_t line_length(const char *text, size_t room)
{
    size_t end = 0, columns = 0;
    for (size_t i = 0; text[i]; i++) {
        columns += starts_character(text[i]);
        if (columns > room && end)
            return end;
        if (text[i] == ' ' && isalpha((unsigned char)text[i + 1]))
            end = i + 1;
    }
    return strlen(text);
}

void text_cell_wrap(struct buffer *out, const char *label, const char *text)
{
    enum { LABEL = 10 };
    buffer_printf(out, "%-*s", LABEL, label);
    for (;;) {
        size_t len = line_length(text, TEXT_COLUMNS - LABEL);
        buffer_add(out, text, len);
        text_cell_end_line(out);
        text += len;
        if (*text == '\0')
            return;
        buffer_printf(out, "%*s", LABEL, "");
    }
}

void text_cell_wrap_line(struct buffer *out, const char *label,
                         struct buffer *line)
{
    buffer_add(line, "", 1);
    if (line->failed)
        out->failed = true;
    else
        text_cell_wrap(out, label, (const char *)line->data);
    buffer_deinit(line);
}

void text_cell_right(struct buffer *out, int width, struct buffer *text)
{
    buffer_add(text, "", 1);
    if (text->failed)
        out->failed = true;
    else
        buffer_printf(out, "%*s", width, (const char *)text->data);
    buffer_deinit(text);
}

void text_cell_duration(struct buffer *out, double ns)
{
    struct buffer text;
    buffer_init(&text, BUFFER_DEFAULT_MAX);
    units_duration(&text, ns);
    text_cell_right(out, 9, &text);
}

static const char *in_ascii(uint32_t code)
{
    switch (code) {
    case 0x2500:
        return "-";
    case 0x2502:
    case 0x251c:
        return "|";
    case 0x2514:
        return "`";
    default:
        return NULL;
    }
}

void text_cell_to_ascii(struct buffer *out)
{
    struct buffer plain;
    buffer_init(&plain, out->max);
    for (size_t i = 0, n; i < out->len; i += n) {
        uint32_t code;
        n = utf8_next((char *)out->data + i, out->len - i, &code);
        const char *like = n ? in_ascii(code) : "?";
        if (like)
            buffer_text(&plain, like);
        else if (code < 0x80)
            buffer_add(&plain, out->data + i, 1);
        else
            buffer_printf(&plain, "\\x{%02X}", code);
        n = n ? n : 1;
    }
    plain.failed |= out->failed;
    buffer_deinit(out);
    *out = plain;
}
