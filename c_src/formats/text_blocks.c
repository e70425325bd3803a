/* Where schedulers are blocked, in a recording of the event block: a sentence
 * and a table, with a second line for the function of the application if it
 * called a function of OTP that was blocked. */
#include "formats/text_parts.h"

#include "profile/blocks.h"
#include "report/blocks_sentence.h"

enum {
    FIGURES = 54,
    IN_WIDTH = 21,
    BY_WIDTH = TEXT_COLUMNS - FIGURES - IN_WIDTH - 2,
    SITE_WIDTH = TEXT_COLUMNS - FIGURES - 2 - 13, /* after "reached from " */
};

static void sentence(const struct text_table *t, const struct blocks *b)
{
    struct buffer line;
    buffer_init(&line, BUFFER_DEFAULT_MAX);
    blocks_sentence_add(&line, t->p, b);
    text_cell_wrap_line(t->out, "Blocked:", &line);
}

static const char *on_which(const struct blocks_row *row)
{
    if (row->normal_ns > 0 && row->normal_ns < row->ns)
        return "both";
    return blocks_kind_name(row->normal_ns ? BLOCKS_NORMAL : BLOCKS_DIRTY);
}

static void name_cell(const struct text_table *t, uint32_t function,
                      size_t width)
{
    if (function == PROFILE_NONE)
        text_cell_add(t->out, "", width);
    else
        text_table_name(t, function, width);
}

static void site_line(const struct text_table *t, uint32_t site)
{
    if (site == PROFILE_NONE)
        return;
    buffer_printf(t->out, "%*sreached from ", FIGURES + 2, "");
    text_table_name(t, site, SITE_WIDTH);
    text_cell_end_line(t->out);
}

static void row_line(const struct text_table *t, const struct blocks_row *row)
{
    double mean = row->times ? (double)row->ns / (double)row->times : 0;
    buffer_printf(t->out, "%6.2f %5.2f", summary_pct(row->ns, t->s->counted),
                  summary_part_error_pct(t->s, row->ns));
    text_cell_duration(t->out, (double)row->ns);
    buffer_printf(t->out, " %7llu", (unsigned long long)row->times);
    text_cell_duration(t->out, mean);
    buffer_printf(t->out, "  %-6s %-6s ", on_which(row),
                  state_name((enum sample_state)row->state));
    name_cell(t, row->called != PROFILE_NONE ? row->called : row->leaf,
              IN_WIDTH);
    buffer_text(t->out, "  ");
    name_cell(t, row->function, BY_WIDTH);
    text_cell_end_line(t->out);
    site_line(t, blocks_reached_from(row));
}

static void table(const struct text_table *t, const struct blocks *b)
{
    size_t shown = text_table_shown(t, b->count, FORMAT_TEXT_TOP);
    if (shown)
        text_table_head(t,
                        " TIME%%    +-     TIME   TIMES     MEAN  ON     FOR  "
                        "  %-*s  CALLED BY",
                        IN_WIDTH, "BLOCKED IN");
    for (size_t i = 0; i < shown; i++)
        row_line(t, &b->rows[i]);
    text_table_more(t, b->count - shown, NULL);
    if (b->no_cpu_ns)
        buffer_printf(t->out,
                      "%6.2f without a CPU, because other threads used them\n",
                      summary_pct(b->no_cpu_ns, t->s->counted));
}

int text_blocks_write(const struct text_table *t)
{
    struct blocks blocks;
    int err = blocks_find(t->p, &blocks);
    if (!err) {
        sentence(t, &blocks);
        table(t, &blocks);
    }
    blocks_deinit(&blocks);
    return err;
}
