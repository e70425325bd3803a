/*
 * Who is waited for, in a recording of process time: a sentence that follows
 * those that wait for each other, and a table.
 */
#include "formats/text_parts.h"

#include <inttypes.h>

#include "profile/waits.h"
#include "report/waits_sentence.h"

/* The columns of texts behind the figures; two spaces lie between them. */
enum column { NAME, DOES, SITE, COLUMNS };

static const char *const heads[COLUMNS] = {
    "WHO IS WAITED FOR", "WHAT IT DOES ITSELF", "MOSTLY CALLED FROM"};

enum { FIGURES = 29, BETWEEN = 2 };

/* What they get if all of them are long and a line has TEXT_COLUMNS. */
static const size_t shares[COLUMNS] = {20, 29, 18};

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

/* The part of the second column that may be cut: "f/1" in "98 % waiting in
 * f/1". */
static const char *place_of(const struct text_table *t, const struct waits *w,
                            const struct waits_row *row)
{
    return row->usual == STATE_BLOCKED && row->waits_for != PROFILE_NONE
               ? w->rows[row->waits_for].name
               : waits_usual_place(t->p, row);
}

static void add_doing(struct buffer *out, const char *place,
                      const struct waits_row *row)
{
    if (row->own_ns)
        buffer_printf(out, "%.0f %% %s%s", waits_usual_pct(row),
                      state_name(row->usual),
                      *place == '\0'                ? ""
                      : row->usual == STATE_BLOCKED ? " on "
                                                    : " in ");
    else
        buffer_text(out, row->unknown ? ""
                         : row->port  ? "not a process"
                                      : "not seen here");
}

static void does_cell(const struct text_table *t, const struct waits *w,
                      const struct waits_row *row, size_t width)
{
    const char *place = row->own_ns ? place_of(t, w, row) : "";
    size_t from = t->out->len;
    add_doing(t->out, place, row);
    size_t used = t->out->len - from;
    text_cell_add(t->out, place, used < width ? width - used : 1);
}

static size_t does_width(const struct text_table *t, const struct waits *w,
                         const struct waits_row *row)
{
    const char *place = row->own_ns ? place_of(t, w, row) : "";
    struct buffer doing;
    buffer_init(&doing, BUFFER_DEFAULT_MAX);
    add_doing(&doing, place, row);
    size_t width = doing.len + text_cell_width(place);
    buffer_deinit(&doing);
    return width;
}

static size_t site_width(const struct text_table *t,
                         const struct waits_row *row)
{
    return row->site_count
               ? text_cell_width(profile_text(
                     t->p,
                     profile_function_at(t->p, row->sites[0].function)->name))
               : 0;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Each column gets its share, or less if its texts are short. What is left goes
 * to those that need more. */
static void choose_widths(const struct text_table *t, const struct waits *w,
                          size_t shown, size_t widths[COLUMNS])
{
    size_t need[COLUMNS],
        rest = t->line_columns - FIGURES - BETWEEN * (COLUMNS - 1);
    for (size_t c = 0; c < COLUMNS; c++)
        need[c] = text_cell_width(heads[c]);
    for (size_t i = 0; i < shown; i++) {
        const struct waits_row *row = &w->rows[i];
        need[NAME] = larger(need[NAME], text_cell_width(row->name));
        need[DOES] = larger(need[DOES], does_width(t, w, row));
        need[SITE] = larger(need[SITE], site_width(t, row));
    }
    for (size_t c = 0; c < COLUMNS; c++) {
        widths[c] = need[c] < shares[c] ? need[c] : shares[c];
        rest -= widths[c];
    }
    for (size_t c = 0; c < COLUMNS; c++) {
        size_t more = need[c] - widths[c];
        widths[c] += more < rest ? more : rest;
        rest -= more < rest ? more : rest;
    }
}

static void row_line(const struct text_table *t, const struct waits *w,
                     const struct waits_row *row, const size_t widths[COLUMNS])
{
    buffer_printf(
        t->out, "%6.2f %5.2f %8.2f ", summary_pct(row->ns, t->s->counted),
        summary_part_error_pct(t->s, row->ns), waits_average(t->p, row->ns));
    if (row->most)
        buffer_printf(t->out, "%5" PRIu32 "  ", row->most);
    else
        buffer_text(t->out, "    -  ");
    text_cell_add(t->out, row->name, widths[NAME]);
    buffer_text(t->out, "  ");
    does_cell(t, w, row, widths[DOES]);
    buffer_text(t->out, "  ");
    if (row->site_count)
        text_table_name(t, row->sites[0].function, widths[SITE]);
    text_cell_end_line(t->out);
}

static void table(const struct text_table *t, const struct waits *w)
{
    size_t shown = text_table_shown(t, w->count, FORMAT_TEXT_TOP);
    size_t widths[COLUMNS];
    choose_widths(t, w, shown, widths);
    text_table_head(t, " TIME%%    +-  WAITING  MOST  %-*s  %-*s  %s",
                    (int)widths[NAME], heads[NAME], (int)widths[DOES],
                    heads[DOES], heads[SITE]);
    for (size_t i = 0; i < shown; i++)
        row_line(t, w, &w->rows[i], widths);
    text_table_more(t, w->count - shown, NULL);
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
