/*
 * The tables that show what takes the time: functions by own time, the
 * application's functions that lead there, and BIFs and C code.
 */
#include "formats/text_parts.h"

#include <errno.h>
#include <stdlib.h>

#include "formats/value.h"
#include "profile/origins.h"

enum {
    C_ROWS = FORMAT_TEXT_TOP / 2,
    NAME_MIN = 20,
    NAME_MAX = 40, /* columns of names; at least 20 are left for places */
    HOT_FIGURES = 40,
    FIGURES = 24,
};

/* Rows of a table: indexes of summary.functions. */
struct rows {
    const uint32_t *list;
    size_t shown, all;
    size_t width; /* columns of the names */
};

static const struct summary_function *row_at(const struct text_table *t,
                                             const struct rows *rows, size_t i)
{
    return &t->s->functions[rows->list[i]];
}

static struct rows choose(const struct text_table *t, const uint32_t *list,
                          size_t all, size_t usual)
{
    struct rows rows = {list, text_table_shown(t, all, usual), all, NAME_MIN};
    for (size_t i = 0; i < rows.shown; i++) {
        uint32_t id = row_at(t, &rows, i)->function;
        size_t own = text_cell_width(
            profile_text(t->p, profile_function_at(t->p, id)->name));
        rows.width = own > rows.width ? own : rows.width;
    }
    if (rows.width > NAME_MAX)
        rows.width = NAME_MAX;
    return rows;
}

/* --- functions by own time ------------------------------------------------ */

/* A part of own. A part without samples is a dash, not a figure. */
static void part(const struct text_table *t, uint64_t of)
{
    if (of)
        buffer_printf(t->out, " %5.1f", summary_pct(of, t->s->counted));
    else
        buffer_text(t->out, "     -");
}

/* The samples that are not the own of any function, by state. Most of them are
 * from schedulers and ports. */
static void unowned_line(const struct text_table *t)
{
    const struct summary *s = t->s;
    uint64_t unowned = s->counted - s->owned;
    bool any = false;
    if (unowned == 0)
        return;
    buffer_printf(t->out, "%6.2f in no known Erlang function: ",
                  summary_pct(unowned, s->counted));
    for (int i = 0; i < STATE_COUNT; i++) {
        if (s->unowned_by_state[i] == 0)
            continue;
        buffer_printf(t->out, "%s%s %.1f", any ? ", " : "",
                      state_name((enum sample_state)i),
                      summary_pct(s->unowned_by_state[i], s->counted));
        any = true;
    }
    buffer_text(t->out, "\n");
}

/* Rows of three figures: a share with its error, and another share. */
struct figures_of {
    double pct, error_pct, other_pct;
};

static void
figure_rows(const struct text_table *t, const struct rows *rows,
            struct figures_of (*of)(const struct summary_function *))
{
    for (size_t i = 0; i < rows->shown; i++) {
        const struct summary_function *row = row_at(t, rows, i);
        struct figures_of f = of(row);
        buffer_printf(t->out, "%6.2f %5.2f  %6.2f  ", f.pct, f.error_pct,
                      f.other_pct);
        text_table_name(t, row->function, rows->width);
        text_table_place(t, row, TEXT_COLUMNS - FIGURES - rows->width);
    }
}

static struct figures_of own_and_total(const struct summary_function *f)
{
    return (struct figures_of){f->own_pct, f->own_error_pct, f->total_pct};
}

static struct figures_of total_and_own(const struct summary_function *f)
{
    return (struct figures_of){f->total_pct, f->total_error_pct, f->own_pct};
}

static struct figures_of total_and_self(const struct summary_function *f)
{
    return (struct figures_of){f->total_pct, f->total_error_pct, f->self_pct};
}

/* For process time the parts of own have no meaning. */
static void wall_table(const struct text_table *t)
{
    struct rows rows =
        choose(t, t->s->by_own, t->s->own_count, FORMAT_TEXT_TOP);
    text_table_function_head(t, "  OWN%    +-  TOTAL%  ", "WHERE PROCESSES ARE",
                             rows.width);
    figure_rows(t, &rows, own_and_total);
    text_table_more(t, rows.all - rows.shown, "function");
    unowned_line(t);
}

static void hot_table(const struct text_table *t)
{
    struct rows rows =
        choose(t, t->s->by_own, t->s->own_count, FORMAT_TEXT_TOP);
    text_table_function_head(t, "  OWN%    +-  IN C    GC KERNEL TOTAL%  ",
                             "HOT FUNCTION", rows.width);
    for (size_t i = 0; i < rows.shown; i++) {
        const struct summary_function *row = row_at(t, &rows, i);
        buffer_printf(t->out, "%6.2f %5.2f", row->own_pct, row->own_error_pct);
        part(t, row->own_c);
        part(t, row->own_gc);
        buffer_text(t->out, " ");
        part(t, row->own_kernel);
        buffer_printf(t->out, " %6.2f  ", row->total_pct);
        text_table_name(t, row->function, rows.width);
        text_table_place(t, row, TEXT_COLUMNS - HOT_FIGURES - 2 - rows.width);
    }
    text_table_more(t, rows.all - rows.shown, "function");
    unowned_line(t);
}

/* --- where it comes from -------------------------------------------------- */

static void origin_rows(const struct text_table *t, const struct origins *o)
{
    struct rows rows = choose(t, o->rows, o->count, FORMAT_TEXT_TOP);
    text_table_function_head(t, "TOTAL%    +-    OWN%  ", "WHERE IT COMES FROM",
                             rows.width);
    figure_rows(t, &rows, total_and_own);
    text_table_more(t, o->more, "function");
    if (o->above)
        buffer_printf(t->out,
                      "(not shown: %zu function%s above nearly all of a "
                      "process, such as a server loop)\n",
                      o->above, o->above == 1 ? "" : "s");
}

static int origin_table(const struct text_table *t)
{
    struct origins o;
    int err = origins_find(t->p, t->s, t->top ? t->top : FORMAT_TEXT_TOP, &o);
    if (err)
        return err;
    if (o.count)
        origin_rows(t, &o);
    origins_deinit(&o);
    return 0;
}

/* --- BIFs and C code ------------------------------------------------------ */

static bool is_c(const struct text_table *t, const struct summary_function *row)
{
    switch (profile_function_at(t->p, row->function)->kind) {
    case FRAME_BIF:
    case FRAME_NIF:
        return true;
    case FRAME_NATIVE:
        return row->self > 0;
    default:
        return false;
    }
}

static void c_rows(const struct text_table *t, const uint32_t *list, size_t n)
{
    struct rows rows = choose(t, list, n, C_ROWS);
    if (n == 0)
        return;
    text_table_function_head(t, "TOTAL%    +-   SELF%  ", "BIF OR C FUNCTION",
                             rows.width);
    figure_rows(t, &rows, total_and_self);
    text_table_more(t, rows.all - rows.shown, "function");
}

/* In the order of summary.functions: BIFs by total, C functions by self. */
static int c_table(const struct text_table *t)
{
    size_t n = 0;
    uint32_t *list = malloc((t->s->function_count + 1) * sizeof(*list));
    if (!list)
        return -ENOMEM;
    for (uint32_t i = 0; i < t->s->function_count; i++)
        if (is_c(t, &t->s->functions[i]))
            list[n++] = i;
    c_rows(t, list, n);
    free(list);
    return 0;
}

int text_hot_write(const struct text_table *t)
{
    if (t->s->own_count == 0) {
        text_self_write(t);
        return 0;
    }
    if (profile_is_wall(t->p)) {
        int err = origin_table(t);
        wall_table(t);
        return err;
    }
    if (profile_event(t->p) == EVENT_BLOCK)
        return origin_table(t);
    hot_table(t);
    int err = origin_table(t);
    return err ? err : c_table(t);
}
