/* What the tables of functions have in common. */
#include "formats/text_parts.h"

#include <string.h>

void text_table_style(const struct text_table *t, const char *code)
{
    if (t->color)
        buffer_printf(t->out, "\033[%sm", code);
}

void text_table_title(const struct text_table *t, const char *titles,
                      const char *name, size_t name_width)
{
    buffer_text(t->out, "\n");
    text_table_style(t, "1");
    buffer_text(t->out, titles);
    text_cell_add(t->out, name, name_width);
    buffer_text(t->out, "  FILE:LINE\n");
    text_table_style(t, "0");
}

static const char *color_of(enum frame_kind kind)
{
    static const char *const codes[FRAME_KIND_COUNT] = {
        [FRAME_ERLANG] = "0",  [FRAME_ELIXIR] = "35", [FRAME_BIF] = "36",
        [FRAME_NIF] = "36",    [FRAME_NATIVE] = "33", [FRAME_GC] = "31",
        [FRAME_RUNTIME] = "2", [FRAME_KERNEL] = "34",
    };
    return codes[kind];
}

void text_table_name(const struct text_table *t, uint32_t function,
                     size_t width)
{
    const struct profile_function *f = profile_function_at(t->p, function);
    text_table_style(t, color_of(f->kind));
    text_cell_add(t->out, profile_text(t->p, f->name), width);
    text_table_style(t, "0");
}

/* C code has an object instead of a file. */
void text_table_place(const struct text_table *t,
                      const struct summary_function *row, size_t width)
{
    const struct profile_function *f = profile_function_at(t->p, row->function);
    const char *file = profile_text(t->p, f->file);
    buffer_text(t->out, "  ");
    if (*file)
        text_cell_place_in(t->out, file, row->line, width);
    else if (f->kind == FRAME_NATIVE || f->kind == FRAME_NIF)
        text_cell_place_in(t->out, profile_text(t->p, f->module), 0, width);
    text_cell_end_line(t->out);
}

void text_table_more(const struct text_table *t, size_t more)
{
    if (more)
        buffer_printf(t->out, "... and %zu more function%s\n", more,
                      more == 1 ? "" : "s");
}
