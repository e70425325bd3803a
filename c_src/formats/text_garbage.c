/* What processes allocate and keep, in a recording of the event alloc. */
#include "formats/text_parts.h"

#include "formats/value.h"
#include "profile/garbage.h"

enum {
    ROWS = 10,
    BYTES_WIDTH = 10,
    WHO_WIDTH = 17,
    FIGURES = 72,
    NAME_WIDTH = TEXT_COLUMNS - FIGURES,
    NEARLY_ALL_PCT = 95, /* of the collections */
};

/* A sign and bytes, or a text alone, at the right of its column. */
static void cell(const struct text_table *t, const char *sign,
                 const uint64_t *bytes, int width)
{
    struct buffer text;
    buffer_init(&text, BUFFER_DEFAULT_MAX);
    buffer_text(&text, sign);
    if (bytes)
        value_say(&text, t->p, *bytes);
    text_cell_right(t->out, width, &text);
}

/* Is it known of nearly all collections what they kept? */
static bool is_known(const struct garbage_row *row)
{
    return summary_pct(row->minor, row->collections) >= NEARLY_ALL_PCT;
}

static void survived(const struct text_table *t, const struct garbage_row *row)
{
    if (row->minor == 0)
        cell(t, "-", NULL, BYTES_WIDTH + 1);
    else
        cell(t, is_known(row) ? "" : ">", &row->survived, BYTES_WIDTH + 1);
}

static void growth(const struct text_table *t, const struct garbage_row *row)
{
    int64_t by = garbage_growth(row);
    uint64_t bytes = (uint64_t)(by < 0 ? -by : by);
    cell(t, by > 0 ? "+" : by < 0 ? "-" : "", &bytes, BYTES_WIDTH + 1);
}

static void row_line(const struct text_table *t, const struct garbage *g,
                     const struct garbage_row *row)
{
    buffer_printf(t->out, "%6.2f", summary_pct(row->allocated, g->allocated));
    cell(t, "", &row->allocated, BYTES_WIDTH + 1);
    survived(t, row);
    growth(t, row);
    buffer_printf(t->out, "%12llu  ", (unsigned long long)row->collections);
    text_process_who(t->out, t->p, row->process, row->together, row->processes,
                     WHO_WIDTH);
    buffer_text(t->out, "  ");
    text_cell_add(t->out, text_process_name(garbage_name(g, row)), NAME_WIDTH);
    text_cell_end_line(t->out);
}

/* Why some figures are not known. */
static void explain(const struct text_table *t, const struct garbage *g,
                    size_t shown)
{
    bool all = true;
    for (size_t i = 0; i < shown; i++)
        all &= is_known(&g->rows[i]);
    if (!all)
        text_cell_wrap(t->out, "",
                       "SURVIVED is what minor collections kept of what was "
                       "new. What others kept may have been older, so there "
                       "\">\" means at least, and \"-\" not known");
}

static void table(const struct text_table *t, const struct garbage *g)
{
    size_t shown = text_table_shown(t, g->count, ROWS);
    text_table_head(t, "     %%  ALLOCATED   SURVIVED  HEAP GREW COLLECTIONS  "
                       "PROCESSES          NAME");
    for (size_t i = 0; i < shown; i++)
        row_line(t, g, &g->rows[i]);
    text_table_more(t, g->count - shown, NULL);
    explain(t, g, shown);
}

int text_garbage_write(const struct text_table *t)
{
    struct garbage g;
    int err = garbage_find(t->p, &g);
    if (!err && g.count)
        table(t, &g);
    garbage_deinit(&g);
    return err;
}
