/*
 * Who is waited for, in a recording of process time: a sentence that follows
 * those that wait for each other, and a table.
 */
#include "formats/text_parts.h"

#include <inttypes.h>

#include "profile/waits.h"
#include "report/waits_sentence.h"

enum {
    NAME_WIDTH = 20,
    DOES_WIDTH = 29,
    SITE_WIDTH = TEXT_COLUMNS - 29 - NAME_WIDTH - 2 - DOES_WIDTH - 2,
};

static const char *label_of(const struct waits_cause *cause)
{
    return cause->deadlock ? "Deadlock:"
           : cause->circle ? "Circle:"
                           : "Waiting:";
}

static void sentence(const struct text_table *t, const struct waits *w)
{
    const struct waits_cause cause =
        waits_explain(w, profile_meta(t->p)->duration_ns);
    struct buffer line;
    buffer_init(&line, BUFFER_DEFAULT_MAX);
    waits_sentence_add(&line, t->p, w, &cause, t->s->by_state[STATE_BLOCKED]);
    text_cell_wrap_line(t->out, label_of(&cause), &line);
}

/* Those that wait for a process which could not be found out. */
static void unknown_sentence(const struct text_table *t, const struct waits *w)
{
    struct buffer line;
    buffer_init(&line, BUFFER_DEFAULT_MAX);
    waits_unknown_add(&line, t->p, w);
    if (line.len == 0) {
        buffer_deinit(&line);
        return;
    }
    buffer_text(&line, " (docs/wall.md has the reasons)");
    text_cell_wrap_line(t->out, "Unknown:", &line);
}

/* --- the table ------------------------------------------------------------ */

/* "98 % waiting in f/1": only the last part is cut. */
static void does_cell(const struct text_table *t, const struct waits *w,
                      const struct waits_row *row)
{
    struct buffer *out = t->out;
    const char *what = "", *between = "";
    if (!row->own_ns) {
        text_cell_add(out,
                      row->unknown ? ""
                      : row->port  ? "not a process"
                                   : "not seen here",
                      DOES_WIDTH);
        return;
    }
    if (row->usual == STATE_BLOCKED && row->waits_for != PROFILE_NONE) {
        between = " on ";
        what = w->rows[row->waits_for].name;
    } else if (*waits_usual_place(t->p, row)) {
        between = " in ";
        what = waits_usual_place(t->p, row);
    }
    size_t from = out->len;
    buffer_printf(out, "%.0f %% %s%s", waits_usual_pct(row),
                  state_name(row->usual), between);
    size_t used = out->len - from;
    text_cell_add(out, what, used < DOES_WIDTH ? DOES_WIDTH - used : 1);
}

static void row_line(const struct text_table *t, const struct waits *w,
                     const struct waits_row *row)
{
    buffer_printf(
        t->out, "%6.2f %5.2f %8.2f ", summary_pct(row->ns, t->s->counted),
        summary_part_error_pct(t->s, row->ns), waits_average(t->p, row->ns));
    if (row->most)
        buffer_printf(t->out, "%5" PRIu32 "  ", row->most);
    else
        buffer_text(t->out, "    -  ");
    text_cell_add(t->out, row->name, NAME_WIDTH);
    buffer_text(t->out, "  ");
    does_cell(t, w, row);
    buffer_text(t->out, "  ");
    if (row->site_count)
        text_table_name(t, row->sites[0].function, SITE_WIDTH);
    text_cell_end_line(t->out);
}

static void table(const struct text_table *t, const struct waits *w)
{
    size_t most = t->top ? t->top : FORMAT_TEXT_TOP;
    size_t shown = w->count < most ? w->count : most;
    buffer_text(t->out, "\n");
    text_table_style(t, "1");
    buffer_printf(t->out, " TIME%%    +-  WAITING  MOST  %-*s  %-*s  %s",
                  NAME_WIDTH, "WHO IS WAITED FOR", DOES_WIDTH,
                  "WHAT IT DOES ITSELF", "MOSTLY CALLED FROM");
    text_table_style(t, "0");
    buffer_text(t->out, "\n");
    for (size_t i = 0; i < shown; i++)
        row_line(t, w, &w->rows[i]);
    if (shown < w->count)
        buffer_printf(t->out, "... and %zu more\n", w->count - shown);
}

int text_waits_write(const struct text_table *t)
{
    struct waits waits;
    int err = waits_find(t->p, &waits);
    if (!err && profile_is_wall(t->p)) {
        sentence(t, &waits);
        unknown_sentence(t, &waits);
    }
    if (!err && waits.count)
        table(t, &waits);
    waits_deinit(&waits);
    return err;
}
