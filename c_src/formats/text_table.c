/* What the tables of a text report have in common, and those of functions. */
#include "formats/text_parts.h"

void text_table_style(const struct text_table *t, const char *code)
{
    if (t->color)
        buffer_printf(t->out, "\033[%sm", code);
}

size_t text_table_shown(const struct text_table *t, size_t all, size_t usual)
{
    size_t most = t->top ? t->top : usual;
    return all < most ? all : most;
}

void text_table_head(const struct text_table *t, const char *format, ...)
{
    va_list args;
    buffer_text(t->out, "\n");
    text_table_style(t, "1");
    va_start(args, format);
    buffer_vprintf(t->out, format, args);
    va_end(args);
    text_table_style(t, "0");
    buffer_text(t->out, "\n");
}

void text_table_more(const struct text_table *t, size_t more, const char *what)
{
    if (more == 0)
        return;
    buffer_printf(t->out, "... and %zu more", more);
    if (what)
        buffer_printf(t->out, " %s%s", what, more == 1 ? "" : "s");
    buffer_text(t->out, "\n");
}

/* --- of functions --------------------------------------------------------- */

void text_table_function_head(const struct text_table *t, const char *titles,
                              const char *name, size_t name_width)
{
    text_table_head(t, "%s%-*s  FILE:LINE", titles, (int)name_width, name);
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
