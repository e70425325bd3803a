/*
 * Who is waited for, in a recording of process time: a sentence that follows
 * those that wait for each other, and a table.
 */
#include "formats/text_parts.h"

#include <string.h>

#include "base/clock.h"
#include "profile/waits.h"

enum {
    SURE = 30, /* samples; with fewer, their number is shown */
    NAMED = 5, /* processes of a chain */
    NAME_WIDTH = 22,
    DOES_WIDTH = 30,
    SITE_WIDTH = TEXT_COLUMNS - 24 - NAME_WIDTH - 2 - DOES_WIDTH - 2,
};

struct waits_text {
    const struct text_table *t;
    const struct waits *w;
    uint64_t duration_ns;
};

static double average(const struct waits_text *x, uint64_t ns)
{
    return x->duration_ns ? (double)ns / (double)x->duration_ns : 0;
}

static const struct waits_row *row_at(const struct waits_text *x, uint32_t at)
{
    return &x->w->rows[at];
}

static const char *function_name(const struct waits_text *x, uint32_t function)
{
    const struct profile *p = x->t->p;
    return profile_text(p, profile_function_at(p, function)->name);
}

/* Where it is, if that is known: a process that runs has no stack here. */
static const char *usual_place(const struct waits_text *x,
                               const struct waits_row *row)
{
    const struct profile *p = x->t->p;
    if (row->usual_function == PROFILE_NONE ||
        profile_function_at(p, row->usual_function)->kind == FRAME_RUNTIME)
        return "";
    return function_name(x, row->usual_function);
}

static double usual_pct(const struct waits_row *row)
{
    return summary_pct(row->own_by_state[row->usual], row->own_ns);
}

/* --- the sentence --------------------------------------------------------- */

static void name_add(struct buffer *out, const struct waits_row *row)
{
    text_cell_add(out, row->name, 0);
}

static void first_add(const struct waits_text *x, struct buffer *out,
                      const struct waits_row *first)
{
    buffer_printf(out, "on average %.1f processes wait for ",
                  average(x, first->ns));
    name_add(out, first);
    if (first->site_count) {
        buffer_text(out, first->sites[0].ns > first->ns / 2
                             ? ", mostly in "
                             : ", for example in ");
        text_cell_add(out, function_name(x, first->sites[0].function), 0);
    }
    if (first->samples < SURE)
        buffer_printf(out, " (seen only %llu times)",
                      (unsigned long long)first->samples);
}

/* "; a waits for b, b for c" */
static void chain_add(const struct waits_text *x, struct buffer *out,
                      const struct waits_cause *cause)
{
    unsigned steps = cause->length - 1 + (cause->circle > 0);
    uint32_t at = cause->first;
    for (unsigned i = 0; i < steps && i < NAMED; i++) {
        buffer_text(out, i == 0 ? "; " : ", ");
        name_add(out, row_at(x, at));
        buffer_text(out, i == 0 ? " waits for " : " for ");
        at = row_at(x, at)->waits_for;
        name_add(out, row_at(x, at));
    }
    if (steps > NAMED) {
        buffer_printf(out, ", and so on: %u processes in a row, up to ",
                      cause->length);
        name_add(out, row_at(x, cause->row));
    }
}

static void end_add(const struct waits_text *x, struct buffer *out,
                    const struct waits_cause *cause)
{
    const struct waits_row *last = row_at(x, cause->row);
    const char *place = usual_place(x, last);
    if (cause->circle) {
        buffer_text(out, cause->deadlock
                             ? ": a circle, in which nothing goes on"
                             : ": a circle, for more than half of their time");
        return;
    }
    buffer_text(out, "; ");
    name_add(out, last);
    if (last->own_ns)
        buffer_printf(out, " itself is %s %.0f %% of its time%s",
                      state_name(last->usual), usual_pct(last),
                      last->usual == STATE_IDLE
                          ? ", so it answers later, after others"
                          : "");
    else
        buffer_text(out, " itself is not seen here");
    if (*place && last->usual != STATE_IDLE) {
        buffer_text(out, ", mostly in ");
        text_cell_add(out, place, 0);
    }
}

static void sentence(const struct waits_text *x)
{
    const struct waits_cause cause = waits_explain(x->w, x->duration_ns);
    struct buffer line;
    buffer_init(&line, BUFFER_DEFAULT_MAX);
    if (cause.row == PROFILE_NONE) {
        buffer_printf(&line,
                      "no process is waited for by others for long (on average "
                      "%.2f processes are blocked)",
                      average(x, x->t->s->by_state[STATE_BLOCKED]));
        text_cell_wrap_line(x->t->out, "Waiting:", &line);
        return;
    }
    first_add(x, &line, row_at(x, cause.first));
    chain_add(x, &line, &cause);
    end_add(x, &line, &cause);
    text_cell_wrap_line(x->t->out,
                        cause.deadlock ? "Deadlock:"
                        : cause.circle ? "Circle:"
                                       : "Waiting:",
                        &line);
}

/* Those that wait for a process which could not be found out. */
static void unknown_sentence(const struct waits_text *x)
{
    const struct waits_row *row = x->w->rows, *end = row + x->w->count;
    struct buffer line;
    while (row < end && !row->unknown)
        row++;
    if (row == end || row->ns < x->duration_ns / 2)
        return;
    buffer_init(&line, BUFFER_DEFAULT_MAX);
    buffer_printf(&line,
                  "on average %.1f processes wait for an answer, and it is not "
                  "known whose",
                  average(x, row->ns));
    if (row->site_count) {
        buffer_text(&line, ", for example in ");
        text_cell_add(&line, function_name(x, row->sites[0].function), 0);
    }
    buffer_text(&line, " (docs/wall.md has the reasons)");
    text_cell_wrap_line(x->t->out, "Unknown:", &line);
}

/* --- the table ------------------------------------------------------------ */

/* "98 % waiting in f/1": only the last part is cut. */
static void does_cell(const struct waits_text *x, const struct waits_row *row)
{
    struct buffer *out = x->t->out;
    const char *what = "", *between = "";
    if (!row->own_ns) {
        text_cell_add(out, row->unknown ? "" : "not seen here", DOES_WIDTH);
        return;
    }
    if (row->usual == STATE_BLOCKED && row->waits_for != PROFILE_NONE) {
        between = " on ";
        what = row_at(x, row->waits_for)->name;
    } else if (*usual_place(x, row)) {
        between = " in ";
        what = usual_place(x, row);
    }
    size_t from = out->len;
    buffer_printf(out, "%.0f %% %s%s", usual_pct(row), state_name(row->usual),
                  between);
    size_t used = out->len - from;
    text_cell_add(out, what, used < DOES_WIDTH ? DOES_WIDTH - used : 1);
}

static void row_line(const struct waits_text *x, const struct waits_row *row)
{
    const struct text_table *t = x->t;
    buffer_printf(t->out, "%6.2f %5.2f %8.2f  ",
                  summary_pct(row->ns, t->s->counted),
                  summary_part_error_pct(t->s, row->ns), average(x, row->ns));
    text_cell_add(t->out, row->name, NAME_WIDTH);
    buffer_text(t->out, "  ");
    does_cell(x, row);
    buffer_text(t->out, "  ");
    if (row->site_count)
        text_table_name(t, row->sites[0].function, SITE_WIDTH);
    text_cell_end_line(t->out);
}

static void table(const struct waits_text *x)
{
    const struct text_table *t = x->t;
    size_t most = t->top ? t->top : FORMAT_TEXT_TOP;
    size_t shown = x->w->count < most ? x->w->count : most;
    buffer_text(t->out, "\n");
    text_table_style(t, "1");
    buffer_printf(t->out, " TIME%%    +-  WAITING  %-*s  %-*s  %s", NAME_WIDTH,
                  "WHO IS WAITED FOR", DOES_WIDTH, "WHAT IT DOES ITSELF",
                  "MOSTLY CALLED FROM");
    text_table_style(t, "0");
    buffer_text(t->out, "\n");
    for (size_t i = 0; i < shown; i++)
        row_line(x, &x->w->rows[i]);
    if (shown < x->w->count)
        buffer_printf(t->out, "... and %zu more\n", x->w->count - shown);
}

int text_waits_write(const struct text_table *t)
{
    struct waits waits;
    int err = waits_find(t->p, &waits);
    const struct waits_text x = {t, &waits, profile_meta(t->p)->duration_ns};
    if (!err && profile_is_wall(t->p)) {
        sentence(&x);
        unknown_sentence(&x);
    }
    if (!err && waits.count)
        table(&x);
    waits_deinit(&waits);
    return err;
}
