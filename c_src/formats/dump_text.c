/* A dump for a terminal: a head, the threads, then a paragraph for each group
 * of processes, the biggest first. */
#include "base/clock.h"
#include "formats/dump_parts.h"
#include "formats/dump_write.h"

enum { NAME_WIDTH = 56, GROUPS = 20 };

/* --- the head ------------------------------------------------------------- */

static void when_line(struct dump_text *t)
{
    double ms = (double)profile_meta(t->p)->duration_ns / (double)NS_PER_MS;
    buffer_text(t->out, "When:     ");
    text_date_add(t->out, t->p);
    buffer_printf(t->out, "; read in %.1f ms%s\n", ms,
                  t->d->threads.held ? "" : ", nothing was stopped");
    if (t->d->stopped)
        buffer_text(t->out, "Note:     a signal had stopped the node; `kill "
                            "-CONT` resumes it\n");
}

static void note(void *to, const char *text, size_t len)
{
    text_note_write(to, "Note:", text, len);
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
    dump_text_processes(line, d->counts.seen);
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

static void head(struct dump_text *t)
{
    text_node_add(t->out, t->p);
    buffer_text(t->out, "\n");
    when_line(t);
    dump_threads_line(t);
    dump_text_wrapped(t, "Shown:", counts);
    dump_text_wrapped(t, "States:", states);
    dump_asked_lines(t);
    text_notes_each(t->p, note, t->out);
}

/* --- a group -------------------------------------------------------------- */

static void title(struct dump_text *t, const struct dump_group *g)
{
    buffer_text(t->out, "\n");
    dump_text_processes(t->out, g->processes);
    buffer_printf(t->out, " %s", procstate_name(g->state));
    if (g->stack != PROFILE_NONE) {
        buffer_text(t->out, " in ");
        text_cell_add(t->out, dump_text_place(t, g->state, g->stack), 0);
    }
    buffer_text(t->out, "\n");
}

static void frame(struct dump_text *t, const struct profile_frame *f)
{
    const char *name = dump_text_function(t, f->function);
    uint32_t file = profile_function_at(t->p, f->function)->file;
    bool fits = text_cell_width(name) < NAME_WIDTH;
    buffer_text(t->out, "    ");
    text_cell_add(t->out, name, fits ? NAME_WIDTH : 0);
    buffer_text(t->out, "  ");
    text_cell_place(t->out, profile_text(t->p, file), f->line);
    text_cell_end_line(t->out);
}

void dump_text_stack(struct dump_text *t, uint32_t stack)
{
    for (uint32_t at = stack; at != PROFILE_NONE;
         at = profile_stack_at(t->p, at)->parent)
        frame(t, profile_frame_at(t->p, profile_stack_at(t->p, at)->frame));
}

static void stack(struct dump_text *t, const struct dump_group *g)
{
    dump_text_stack(t, g->stack);
    if (dump_no_stack(g))
        buffer_printf(t->out, "    (%s)\n", dump_no_stack(g));
}

static void members(struct dump_text *t, struct buffer *line)
{
    const struct dump_group *g = t->group;
    for (unsigned i = 0; i < g->member_count; i++) {
        buffer_text(line, i ? ", " : "");
        dump_text_member(t, line, &g->members[i]);
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
    const struct dump_groups *g = &t->d->groups;
    uint64_t left = dump_groups_others(g, from);
    if (left == 0)
        return;
    buffer_text(t->out, "\n... and ");
    dump_text_processes(t->out, left);
    buffer_text(t->out, " in ");
    text_cell_number(t->out, g->count - from);
    buffer_printf(t->out, " more group%s\n", g->count - from == 1 ? "" : "s");
}

int dump_text_write(const struct dump *d, const struct format_options *o,
                    struct buffer *out)
{
    struct dump_text t = {
        .out = out, .d = d, .p = d->profile, .all = o->top == FORMAT_TOP_ALL};
    size_t most = o->top ? o->top : GROUPS, all = d->groups.count;
    size_t shown = most < all ? most : all;
    int err = process_names_compute(d->profile, &t.names);
    if (err)
        return err;
    head(&t);
    dump_threads_list(&t);
    dump_asked_table(&t, o->top);
    for (size_t i = 0; i < shown; i++) {
        title(&t, &d->groups.list[i]);
        stack(&t, &d->groups.list[i]);
        t.group = &d->groups.list[i];
        dump_text_wrapped(&t, "       --", members);
    }
    more(&t, shown);
    if (o->ascii)
        text_cell_to_ascii(out);
    process_names_deinit(&t.names);
    return buffer_status(out);
}
