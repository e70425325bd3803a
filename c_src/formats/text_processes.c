/* The processes in the text report, and what the biggest of them do. */
#include "formats/text_parts.h"

#include <string.h>

#include "formats/value.h"
#include "profile/breakdown.h"
#include "profile/groups.h"

enum { ROWS = 10, DETAILED = 5, FUNCTIONS = 3, WHO_WIDTH = 17 };

struct table {
    const struct text_table *t;
    struct buffer *out;
    const struct profile *p;
    const struct summary *s;
    struct groups groups;
};

void text_process_who(struct buffer *out, const struct profile *p,
                      uint32_t process, bool together, uint64_t processes,
                      size_t width)
{
    struct buffer text;
    buffer_init(&text, 256);
    if (together) {
        text_cell_number(&text, processes);
        buffer_text(&text, processes == 1 ? " process" : " processes");
    } else {
        buffer_text(&text,
                    profile_text(p, profile_process_at(p, process)->pid));
    }
    buffer_add(&text, "", 1);
    if (buffer_status(&text) == 0)
        text_cell_add(out, (char *)text.data, width);
    buffer_deinit(&text);
}

static void who(struct table *t, const struct group *g, size_t width)
{
    text_process_who(t->out, t->p, g->process, g->together, g->processes,
                     width);
}

/* A process that is being created, or has ended, no longer has an initial call
 * to read. */
const char *text_process_name(const char *name)
{
    return *name ? name : "(initial call not known)";
}

/* Two spaces and the text, unless it is the name of the row. */
static void more(struct table *t, const struct group *g, uint32_t string)
{
    const char *text = profile_text(t->p, string);
    if (*text == '\0' || strcmp(text, groups_name(&t->groups, g)) == 0)
        return;
    buffer_text(t->out, "  ");
    text_cell_add(t->out, text, 0);
}

void text_application_add(struct buffer *out, const struct profile *p,
                          uint32_t application)
{
    const char *name = profile_text(p, application);
    if (*name == '\0')
        return;
    buffer_text(out, " [");
    text_cell_add(out, name, 0);
    buffer_text(out, "]");
}

static void names(struct table *t, const struct group *g)
{
    text_cell_add(t->out, text_process_name(groups_name(&t->groups, g)), 0);
    more(t, g, g->initial_call);
    more(t, g, g->label);
    text_application_add(t->out, t->p, g->application);
    text_cell_end_line(t->out);
}

static void row(struct table *t, const struct group *g)
{
    buffer_printf(t->out, "%6.2f  %5.2f  ", g->pct, g->error_pct);
    value_add(t->out, t->p, g->samples);
    buffer_text(t->out, "  ");
    who(t, g, WHO_WIDTH);
    buffer_text(t->out, "  ");
    names(t, g);
}

/* The samples that are in no row, so that the table adds up to all samples. */
static void rest_line(struct table *t, size_t rows)
{
    uint64_t rest = t->s->counted;
    for (size_t i = 0; i < rows; i++)
        rest -= t->groups.rows[i].samples;
    size_t left = t->groups.count - rows;
    if (rest == 0)
        return;
    buffer_printf(t->out, "%6.2f  %5.2f  ", summary_pct(rest, t->s->counted),
                  summary_part_error_pct(t->s, rest));
    value_add(t->out, t->p, rest);
    buffer_text(t->out, "  ");
    if (left)
        buffer_printf(t->out, "in %zu more row%s, or in no Erlang process\n",
                      left, left == 1 ? "" : "s");
    else
        buffer_text(t->out, "in no Erlang process\n");
}

static bool knows_applications(const struct table *t, size_t rows)
{
    bool known = false;
    for (size_t i = 0; i < rows; i++)
        known |= t->groups.rows[i].application != 0;
    return known;
}

static void overview(struct table *t)
{
    size_t rows = t->groups.count < ROWS ? t->groups.count : ROWS;
    text_table_head(t->t,
                    "     %%     +-  %8s  PROCESSES          "
                    "NAME, INITIAL CALL, LABEL%s",
                    value_title(t->p),
                    knows_applications(t, rows) ? " [APPLICATION]" : "");
    for (size_t i = 0; i < rows; i++)
        row(t, &t->groups.rows[i]);
    rest_line(t, rows);
}

/* --- by function within a process ----------------------------------------- */

static void heading(struct table *t, const struct group *g)
{
    buffer_printf(t->out, "%6.2f  ", g->pct);
    who(t, g, 0);
    buffer_text(t->out, "  ");
    names(t, g);
}

static void functions_of(struct table *t, const struct breakdown *b, size_t row)
{
    for (size_t i = b->first[row];
         i < b->first[row + 1] && i < b->first[row] + FUNCTIONS; i++) {
        uint32_t function = b->rows[i].function;
        buffer_printf(t->out, "%14.2f  ",
                      summary_pct(b->rows[i].samples, t->s->counted));
        text_cell_add(
            t->out,
            profile_text(t->p, profile_function_at(t->p, function)->name), 0);
        text_cell_end_line(t->out);
    }
}

static int details(struct table *t)
{
    struct breakdown b;
    int err = breakdown_compute(t->p, t->groups.of, t->groups.count, &b);
    if (err)
        return err;
    text_table_head(t->t, "     %%  PROCESS and its top functions%s",
                    profile_is_wall(t->p) || profile_is_alloc(t->p)
                        ? ""
                        : "; C code is counted for its caller");
    for (size_t i = 0; i < t->groups.count && i < DETAILED; i++) {
        heading(t, &t->groups.rows[i]);
        functions_of(t, &b, i);
    }
    breakdown_deinit(&b);
    return 0;
}

int text_processes_write(const struct text_table *t)
{
    struct table table = {.t = t, .out = t->out, .p = t->p, .s = t->s};
    if (t->s->process_count == 0)
        return 0;
    int err = groups_compute(t->p, t->s, &table.groups);
    if (err)
        return err;
    overview(&table);
    err = details(&table);
    groups_deinit(&table.groups);
    return err;
}
