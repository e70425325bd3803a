/* All functions of the text report, by self time. */
#include "formats/text_parts.h"

#include <stdio.h>

#include "formats/value.h"

enum { NAME_MIN = 20, NAME_MAX = 44, FIGURES = 33 };

static size_t name_width(const struct text_table *t, size_t rows)
{
    size_t width = NAME_MIN;
    for (size_t i = 0; i < rows; i++) {
        uint32_t id = t->s->functions[i].function;
        size_t own = text_cell_width(
            profile_text(t->p, profile_function_at(t->p, id)->name));
        width = own > width ? own : width;
    }
    return width < NAME_MAX ? width : NAME_MAX;
}

void text_self_write(const struct text_table *t)
{
    size_t all = t->s->function_count;
    size_t rows = text_table_shown(t, all, FORMAT_TEXT_SELF_TOP);
    size_t width = name_width(t, rows);
    char titles[64];
    snprintf(titles, sizeof(titles), " SELF%%     +-  TOTAL%%  %8s  ",
             value_is_samples(t->p) ? "SELF" : value_title(t->p));
    text_table_function_head(t, titles, "FUNCTION", width);
    for (size_t i = 0; i < rows; i++) {
        const struct summary_function *row = &t->s->functions[i];
        buffer_printf(t->out, "%6.2f  %5.2f  %6.2f  ", row->self_pct,
                      row->self_error_pct, row->total_pct);
        value_add(t->out, t->p, row->self);
        buffer_text(t->out, "  ");
        text_table_name(t, row->function, width);
        text_table_place(t, row, TEXT_COLUMNS - FIGURES - 2 - width);
    }
    text_table_more(t, all - rows, "function");
}
