#include "cli/top_page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

enum { LABEL = 10 };

void top_page_init(struct top_page *p, unsigned width)
{
    *p = (struct top_page){.width = width};
    buffer_init(&p->text, BUFFER_DEFAULT_MAX);
    buffer_init(&p->line, BUFFER_DEFAULT_MAX);
}

void top_page_deinit(struct top_page *p)
{
    buffer_deinit(&p->text);
    buffer_deinit(&p->line);
    free(p->styles);
    p->styles = NULL;
    p->count = p->cap = 0;
}

/* How many bytes the first `columns` characters take. */
static size_t bytes_of(const char *text, size_t len, size_t columns)
{
    size_t i = 0;
    for (; i < len; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80 && columns-- == 0)
            break;
    return i;
}

static void add_line(struct top_page *p, enum top_style style, const char *text,
                     size_t len)
{
    len = bytes_of(text, len, p->width);
    while (len > 0 && text[len - 1] == ' ')
        len--;
    if (ARRAY_RESERVE(p->styles, p->cap, p->count + 1) != 0) {
        p->text.failed = true;
        return;
    }
    p->styles[p->count++] = style;
    buffer_add(&p->text, text, len);
    buffer_text(&p->text, "\n");
}

void top_page_end_line(struct top_page *p, enum top_style style)
{
    p->text.failed |= p->line.failed;
    add_line(p, style, p->line.data ? (const char *)p->line.data : "",
             p->line.len);
    buffer_clear(&p->line);
}

void top_page_add(struct top_page *p, enum top_style style, const char *text)
{
    add_line(p, style, text, strlen(text));
}

/* Where the line that begins at `text` ends. */
static size_t line_length(const char *text, size_t columns)
{
    size_t most = bytes_of(text, strlen(text), columns);
    size_t end = most;
    if (text[most] == '\0')
        return most;
    while (end > 0 && text[end] != ' ')
        end--;
    return end ? end : most;
}

void top_page_wrap(struct top_page *p, const char *label, const char *text)
{
    size_t columns = p->width > 2 * LABEL ? p->width - LABEL : LABEL;
    do {
        size_t len = line_length(text, columns);
        buffer_printf(&p->line, "%-*s", LABEL, label);
        buffer_add(&p->line, text, len);
        top_page_end_line(p, TOP_PLAIN);
        text += len;
        text += *text == ' ';
        label = "";
    } while (*text);
}

void top_page_fit(struct top_page *p, size_t count)
{
    while (p->count < count && !p->text.failed)
        top_page_add(p, TOP_PLAIN, "");
    for (; p->count > count; p->count--)
        do
            p->text.len--;
        while (p->text.len > 0 && p->text.data[p->text.len - 1] != '\n');
}

void top_page_append(struct top_page *p, const struct top_page *from,
                     size_t first, size_t count)
{
    const char *at = (const char *)from->text.data;
    p->text.failed |= from->text.failed;
    for (size_t i = 0; i < from->count && !p->text.failed; i++) {
        size_t len = strcspn(at, "\n");
        if (i >= first && i - first < count)
            add_line(p, from->styles[i], at, len);
        at += len + 1;
    }
}

int top_page_status(const struct top_page *p)
{
    return p->text.failed ? -ENOMEM : 0;
}
