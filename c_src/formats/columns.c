#include "formats/columns.h"

#include <string.h>

#include "formats/text_parts.h"
#include "formats/words.h"

void columns_init(struct columns *c, const struct column *list, size_t count)
{
    *c = (struct columns){.list = list, .count = count};
    buffer_init(&c->cells, BUFFER_DEFAULT_MAX);
}

void columns_add(struct columns *c, const char *text)
{
    buffer_add(&c->cells, text, strlen(text) + 1);
    c->added++;
}

void columns_add_buffer(struct columns *c, struct buffer *text)
{
    buffer_add(text, "", 1);
    if (text->failed)
        c->cells.failed = true;
    else
        columns_add(c, (const char *)text->data);
    buffer_deinit(text);
}

void columns_add_number(struct columns *c, uint64_t n)
{
    struct buffer cell;
    buffer_init(&cell, BUFFER_DEFAULT_MAX);
    text_cell_number(&cell, n);
    columns_add_buffer(c, &cell);
}

void columns_add_bytes(struct columns *c, bool known, uint64_t bytes)
{
    struct buffer cell;
    buffer_init(&cell, BUFFER_DEFAULT_MAX);
    if (known)
        words_bytes(&cell, bytes);
    else
        buffer_text(&cell, "-");
    columns_add_buffer(c, &cell);
}

void columns_add_real(struct columns *c, bool known, double value,
                      void (*say)(struct buffer *out, double value))
{
    struct buffer cell;
    buffer_init(&cell, BUFFER_DEFAULT_MAX);
    if (known)
        say(&cell, value);
    else
        buffer_text(&cell, "-");
    columns_add_buffer(c, &cell);
}

static void add_line(const struct columns *c, const char *const *cells,
                     const size_t *widths, struct buffer *out)
{
    for (size_t i = 0; i < c->count; i++) {
        size_t own = text_cell_width(cells[i]);
        buffer_text(out, "  ");
        for (; c->list[i].right && own < widths[i]; own++)
            buffer_text(out, " ");
        text_cell_add(out, cells[i], c->list[i].right ? 0 : widths[i]);
    }
    text_cell_end_line(out);
}

static void add_table(const struct columns *c, struct buffer *out)
{
    const char *heads[COLUMNS_MOST], *row[COLUMNS_MOST];
    size_t widths[COLUMNS_MOST];
    const char *cell = (const char *)c->cells.data;
    for (size_t i = 0; i < c->count; i++) {
        heads[i] = c->list[i].head;
        widths[i] = text_cell_width(heads[i]);
    }
    for (size_t i = 0; i < c->added; i++, cell += strlen(cell) + 1) {
        size_t own = text_cell_width(cell), *widest = &widths[i % c->count];
        *widest = own > *widest ? own : *widest;
    }
    add_line(c, heads, widths, out);
    cell = (const char *)c->cells.data;
    for (size_t i = 0; i < c->added; i++, cell += strlen(cell) + 1) {
        row[i % c->count] = cell;
        if (i % c->count == c->count - 1)
            add_line(c, row, widths, out);
    }
}

void columns_write(struct columns *c, struct buffer *out)
{
    if (c->cells.failed)
        out->failed = true;
    else if (c->added)
        add_table(c, out);
    buffer_deinit(&c->cells);
}
