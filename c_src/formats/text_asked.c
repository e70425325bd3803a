/* Whose answer processes wait for: sentences, and a table. */
#include "formats/dump_parts.h"

enum { ASKED_INDENT = 26 };

/* --- the sentences -------------------------------------------------------- */

/* In eleven columns. */
static void number_cell(struct buffer *out, uint64_t n)
{
    struct buffer cell;
    buffer_init(&cell, BUFFER_DEFAULT_MAX);
    text_cell_number(&cell, n);
    text_cell_right(out, 11, &cell);
}

static void what_it_does(struct dump_text *t, struct buffer *out,
                         const struct dump_asked *a)
{
    if (a->asks != DUMP_NONE) {
        buffer_text(out, "waits for an answer of ");
        dump_text_member(t, out, &t->d->asked[a->asks].who);
        return;
    }
    if (!a->seen) {
        buffer_text(out, "has ended, or could not be read");
        return;
    }
    buffer_printf(out, "is %s", procstate_name(a->state));
    if (a->stack != PROFILE_NONE) {
        buffer_text(out, " in ");
        text_cell_add(out, dump_text_place(t, a->state, a->stack), 0);
    }
}

/* For whose answer most wait in the end. */
static void most_asked(struct dump_text *t, struct buffer *line,
                       const struct dump_asked *first)
{
    uint64_t asking = t->d->asking;
    if (asking > 1 && first->in_all == asking) {
        buffer_text(line, ", all of them");
    } else if (asking > 1) {
        buffer_text(line, ", ");
        text_cell_number(line, first->in_all);
        buffer_text(line, " of them");
    }
    buffer_text(line, first->in_all > first->waiting ? " in the end" : "");
    buffer_text(line, asking == 1 ? ", that of " : " for that of ");
    dump_text_member(t, line, &first->who);
    buffer_text(line, ", which ");
    what_it_does(t, line, first);
}

/* The first has the most that wait for it in the end. */
static void answers(struct dump_text *t, struct buffer *line)
{
    const struct dump *d = t->d;
    const struct dump_asked *first = d->asked;
    dump_text_processes(line, d->asking);
    buffer_text(line, d->asking == 1 ? " waits for an answer"
                                     : " wait for an answer");
    if (d->asked_count > 1 && first->in_all == 1)
        buffer_text(line, ", each for that of another process");
    else if (d->asked_count)
        most_asked(t, line, first);
    if (d->asking_unknown) {
        buffer_text(line, "; for ");
        text_cell_number(line, d->asking_unknown);
        buffer_text(line, " it could not be found out whose");
    }
}

static const struct dump_asked *first_on_circle(const struct dump *d)
{
    for (size_t i = 0; i < d->asked_count; i++)
        if (d->asked[i].circle)
            return &d->asked[i];
    return NULL;
}

/* The biggest one. */
static void circle(struct dump_text *t, struct buffer *line)
{
    enum { NAMED = 3 };
    const struct dump_asked *first = first_on_circle(t->d), *a = first;
    size_t length = 0;
    do {
        if (length < NAMED) {
            buffer_text(line, length ? ", " : "");
            dump_text_member(t, line, &a->who);
        }
        length++;
        a = &t->d->asked[a->asks];
    } while (a != first);
    if (length > NAMED) {
        buffer_text(line, " and ");
        text_cell_number(line, length - NAMED);
        buffer_text(line, " more");
    }
    buffer_text(line, length > 1 ? " wait for each other"
                                 : " waits for its own answer");
    buffer_text(line, " until a time limit ends it, if there is one");
}

void dump_asked_lines(struct dump_text *t)
{
    if (t->d->asking)
        dump_text_wrapped(t, "Answers:", answers);
    if (first_on_circle(t->d))
        dump_text_wrapped(t, "Deadlock:", circle);
}

/* --- the table ------------------------------------------------------------ */

static void asked_row(struct dump_text *t, const struct dump_asked *a)
{
    number_cell(t->out, a->waiting);
    number_cell(t->out, a->in_all);
    buffer_text(t->out, "  ");
    dump_text_member(t, t->out, &a->who);
    text_cell_end_line(t->out);
    buffer_printf(t->out, "%*s", ASKED_INDENT, "");
    what_it_does(t, t->out, a);
    buffer_text(t->out, "\n");
    for (unsigned i = 0; i < a->site_count; i++) {
        buffer_printf(t->out, "%*s", ASKED_INDENT, "");
        buffer_text(t->out, "asked by ");
        text_cell_number(t->out, a->sites[i].processes);
        buffer_text(t->out, " in ");
        text_cell_add(t->out, dump_text_function(t, a->sites[i].function), 0);
        buffer_text(t->out, "\n");
    }
}

void dump_asked_table(struct dump_text *t, size_t top)
{
    const struct dump *d = t->d;
    enum { MOST = 20 };
    size_t most = top ? top : MOST;
    size_t shown = d->asked_count < most ? d->asked_count : most;
    if (shown == 0)
        return;
    buffer_text(t->out, "\n    WAITING     IN ALL  FOR AN ANSWER OF\n");
    for (size_t i = 0; i < shown; i++)
        asked_row(t, &d->asked[i]);
    if (shown < d->asked_count) {
        buffer_text(t->out, "... and ");
        dump_text_processes(t->out, d->asked_count - shown);
        buffer_text(t->out, " more\n");
    }
}
