/* A dump for a terminal: a head, then a paragraph for each group, the biggest
 * first. */
#include "base/clock.h"
#include "formats/dump_write.h"
#include "formats/text_parts.h"
#include "profile/process_names.h"

enum { NAME_WIDTH = 56, ASKED_INDENT = 26 };

struct dump_text {
    struct buffer *out;
    const struct dump *d;
    const struct profile *p;
    struct process_names names;
    const struct dump_group *group; /* that is being written */
};

/* "1,003 processes" */
static void processes(struct buffer *out, uint64_t n)
{
    text_cell_number(out, n);
    buffer_text(out, n == 1 ? " process" : " processes");
}

/* In eleven columns. */
static void number_cell(struct buffer *out, uint64_t n)
{
    struct buffer cell;
    buffer_init(&cell, BUFFER_DEFAULT_MAX);
    text_cell_number(&cell, n);
    buffer_printf(out, "%*.*s", 11, (int)cell.len,
                  cell.data ? (const char *)cell.data : "");
    buffer_deinit(&cell);
}

/* --- the head ------------------------------------------------------------- */

static void when_line(struct dump_text *t)
{
    double ms = (double)profile_meta(t->p)->duration_ns / (double)NS_PER_MS;
    buffer_text(t->out, "When:     ");
    text_date_add(t->out, t->p);
    buffer_printf(t->out, "; read in %.1f ms, nothing was stopped\n", ms);
    if (t->d->stopped)
        buffer_text(t->out, "Note:     a signal had stopped the node; `kill "
                            "-CONT` resumes it\n");
}

/* A line that begins with a label and is wrapped if it is too long. */
static void wrapped(struct dump_text *t, const char *label,
                    void (*say)(struct dump_text *t, struct buffer *line))
{
    struct buffer line;
    buffer_init(&line, BUFFER_DEFAULT_MAX);
    say(t, &line);
    text_cell_wrap_line(t->out, label, &line);
}

static void counts(struct dump_text *t, struct buffer *line)
{
    const struct dump *d = t->d;
    const struct {
        uint64_t count;
        const char *why;
    } rows[] = {
#define X(name, text) {d->counts.name, text},
        DUMP_COUNTS(X)
#undef X
    };
    const char *before = "; not shown: ";
    processes(line, d->counts.seen);
    buffer_text(line, " of ");
    text_cell_number(line, d->counts.used);
    buffer_text(line, " in the table");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!rows[i].why || !rows[i].count)
            continue;
        buffer_text(line, before);
        text_cell_number(line, rows[i].count);
        buffer_printf(line, " %s", rows[i].why);
        before = ", ";
    }
}

static void states(struct dump_text *t, struct buffer *line)
{
    const struct dump *d = t->d;
    const char *before = "";
    for (int i = 0; i < PROCSTATE_COUNT; i++) {
        uint64_t n = dump_in_state(d, (enum procstate)i);
        if (n == 0)
            continue;
        buffer_printf(line, "%s%s ", before, procstate_name((enum procstate)i));
        text_cell_number(line, n);
        before = ", ";
    }
}

static const char *function_name(const struct dump_text *t, uint32_t function)
{
    return profile_text(t->p, profile_function_at(t->p, function)->name);
}

/* "<0.91.0> db" */
static void member(struct dump_text *t, struct buffer *out,
                   const struct dump_member *m)
{
    const char *name = process_names_of(&t->names, m->process);
    buffer_printf(out, "%s", profile_text(t->p, m->pid));
    if (*name) {
        buffer_text(out, " ");
        text_cell_add(out, name, 0);
    }
}

static void what_it_does(struct dump_text *t, struct buffer *out,
                         const struct dump_asked *a)
{
    if (a->asks != DUMP_NONE) {
        buffer_text(out, "waits for an answer of ");
        member(t, out, &t->d->asked[a->asks].who);
        return;
    }
    if (!a->seen) {
        buffer_text(out, "has ended, or could not be read");
        return;
    }
    buffer_printf(out, "is %s", procstate_name(a->state));
    if (a->stack != PROFILE_NONE) {
        buffer_text(out, " in ");
        text_cell_add(
            out, function_name(t, profile_stack_function(t->p, a->stack)), 0);
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
    member(t, line, &first->who);
    buffer_text(line, ", which ");
    what_it_does(t, line, first);
}

/* The first has the most that wait for it in the end. */
static void answers(struct dump_text *t, struct buffer *line)
{
    const struct dump *d = t->d;
    const struct dump_asked *first = d->asked;
    processes(line, d->asking);
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
            member(t, line, &a->who);
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

static void head(struct dump_text *t)
{
    text_node_add(t->out, t->p);
    buffer_text(t->out, "\n");
    when_line(t);
    wrapped(t, "Shown:", counts);
    wrapped(t, "States:", states);
    if (t->d->asking)
        wrapped(t, "Answers:", answers);
    if (first_on_circle(t->d))
        wrapped(t, "Deadlock:", circle);
}

/* --- who is asked --------------------------------------------------------- */

static void asked_row(struct dump_text *t, const struct dump_asked *a)
{
    number_cell(t->out, a->waiting);
    number_cell(t->out, a->in_all);
    buffer_text(t->out, "  ");
    member(t, t->out, &a->who);
    text_cell_end_line(t->out);
    buffer_printf(t->out, "%*s", ASKED_INDENT, "");
    what_it_does(t, t->out, a);
    buffer_text(t->out, "\n");
    for (unsigned i = 0; i < a->site_count; i++) {
        buffer_printf(t->out, "%*s", ASKED_INDENT, "");
        buffer_text(t->out, "asked by ");
        text_cell_number(t->out, a->sites[i].processes);
        buffer_text(t->out, " in ");
        text_cell_add(t->out, function_name(t, a->sites[i].function), 0);
        buffer_text(t->out, "\n");
    }
}

static void asked(struct dump_text *t, size_t top)
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
        processes(t->out, d->asked_count - shown);
        buffer_text(t->out, " more\n");
    }
}

/* --- a group -------------------------------------------------------------- */

static void title(struct dump_text *t, const struct dump_group *g)
{
    buffer_text(t->out, "\n");
    processes(t->out, g->processes);
    buffer_printf(t->out, " %s", procstate_name(g->state));
    if (g->stack != PROFILE_NONE) {
        buffer_text(t->out, " in ");
        text_cell_add(t->out,
                      function_name(t, profile_stack_function(t->p, g->stack)),
                      0);
    }
    buffer_text(t->out, "\n");
}

static void frame(struct dump_text *t, const struct profile_frame *f)
{
    const char *name = function_name(t, f->function);
    uint32_t file = profile_function_at(t->p, f->function)->file;
    bool fits = text_cell_width(name) < NAME_WIDTH;
    buffer_text(t->out, "    ");
    text_cell_add(t->out, name, fits ? NAME_WIDTH : 0);
    buffer_text(t->out, "  ");
    text_cell_place(t->out, profile_text(t->p, file), f->line);
    text_cell_end_line(t->out);
}

static void stack(struct dump_text *t, const struct dump_group *g)
{
    for (uint32_t at = g->stack; at != PROFILE_NONE;
         at = profile_stack_at(t->p, at)->parent)
        frame(t, profile_frame_at(t->p, profile_stack_at(t->p, at)->frame));
    if (dump_no_stack(g))
        buffer_printf(t->out, "    (%s)\n", dump_no_stack(g));
}

static void members(struct dump_text *t, struct buffer *line)
{
    const struct dump_group *g = t->group;
    for (unsigned i = 0; i < g->member_count; i++) {
        buffer_text(line, i ? ", " : "");
        member(t, line, &g->members[i]);
    }
    if (g->processes > g->member_count) {
        buffer_text(line, " and ");
        text_cell_number(line, g->processes - g->member_count);
        buffer_text(line, " more");
    }
}

/* --- all of them ---------------------------------------------------------- */

static void more(struct dump_text *t, size_t from)
{
    uint64_t left = 0;
    for (size_t i = from; i < t->d->count; i++)
        left += t->d->groups[i].processes;
    if (left == 0)
        return;
    buffer_text(t->out, "\n... and ");
    processes(t->out, left);
    buffer_text(t->out, " in ");
    text_cell_number(t->out, t->d->count - from);
    buffer_printf(t->out, " more group%s\n",
                  t->d->count - from == 1 ? "" : "s");
}

int dump_text_write(const struct dump *d, const struct format_options *o,
                    struct buffer *out)
{
    struct dump_text t = {.out = out, .d = d, .p = d->profile};
    size_t shown = o->top && o->top < d->count ? o->top : d->count;
    int err = process_names_compute(d->profile, &t.names);
    if (err)
        return err;
    head(&t);
    asked(&t, o->top);
    for (size_t i = 0; i < shown; i++) {
        title(&t, &d->groups[i]);
        stack(&t, &d->groups[i]);
        t.group = &d->groups[i];
        wrapped(&t, "       --", members);
    }
    more(&t, shown);
    if (o->ascii)
        text_cell_to_ascii(out);
    process_names_deinit(&t.names);
    return buffer_status(out);
}
