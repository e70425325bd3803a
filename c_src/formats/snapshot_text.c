/* A snapshot for a terminal, in the words and the order of the one from inside
 * the node (lib/snapshot/cprof_snapshot_text.erl). */
#include "base/utf8.h"
#include "formats/columns.h"
#include "formats/dump_parts.h"
#include "formats/snapshot_parts.h"
#include "formats/snapshot_write.h"
#include "formats/words.h"
#include "profile/platform.h"

enum {
    SUSPECT_RATIO = 8, /* binaries to heap: less is not suspicious */
    GROUPS = 10,
};

struct snapshot_text {
    struct buffer *out;
    const struct snapshot *s;
    struct dump_text dump;
};

/* --- cells ---------------------------------------------------------------- */

static const char *function_of(const struct snapshot_text *t, uint32_t stack)
{
    return stack == PROFILE_NONE
               ? ""
               : dump_text_function(&t->dump,
                                    platform_call_site(t->dump.p, stack));
}

/* The last three columns of a row. */
static void add_process(struct snapshot_text *t, struct columns *c,
                        const struct snapshot_row *row)
{
    struct buffer name;
    buffer_init(&name, BUFFER_DEFAULT_MAX);
    dump_text_name(&t->dump, &name, row->who.process);
    buffer_add(&name, "", 1);
    columns_add(c, profile_text(t->dump.p, row->who.pid));
    columns_add(c, name.failed ? "" : (const char *)name.data);
    columns_add(c, function_of(t, row->stack));
    buffer_deinit(&name);
}

#define PROCESS                                                                \
    {"pid", false}, {"name or first function", false},                         \
    {                                                                          \
        "now in", false                                                        \
    }
#define COLUMNS(list) (list), sizeof(list) / sizeof((list)[0])

/* --- the head ------------------------------------------------------------- */

static void gap(struct snapshot_text *t, const char **before, uint64_t count,
                const char *words)
{
    if (count == 0)
        return;
    buffer_text(t->out, *before);
    text_cell_number(t->out, count);
    buffer_printf(t->out, " %s", words);
    *before = ", ";
}

/* Only the counters that are not as they should be. */
static void quality(struct snapshot_text *t)
{
    const struct dump_counts *d = &t->s->dump->counts;
    const char *before = "  incomplete: ";
    gap(t, &before, d->torn, "processes in motion whenever read");
    gap(t, &before, d->unreadable, "unreadable processes");
    gap(t, &before, t->s->implausible, "processes with an impossible figure");
    for (unsigned i = 0; i < SNAPSHOT_FIGURES; i++) {
        const struct snapshot_missing *m = snapshot_not_found(t->s, i);
        if (!m)
            continue;
        buffer_printf(t->out, "%s%s not found in this VM", before, m->what);
        before = ", ";
    }
    if (before[0] == ',')
        buffer_text(t->out, "\n");
    if (t->s->dump->stopped)
        buffer_text(t->out, "  a signal had stopped the node; `kill -CONT` "
                            "resumes it\n");
}

static void note(void *to, const char *text, size_t len)
{
    buffer_text(to, "  ");
    utf8_show(to, text, len);
    buffer_text(to, "\n");
}

static void head(struct snapshot_text *t)
{
    text_node_add(t->out, t->dump.p);
    buffer_printf(t->out,
                  "\nsnapshot in %.1f ms, from outside; rates are of the last "
                  "%.1f s\n",
                  (double)t->s->took_us / 1e3, (double)t->s->elapsed_us / 1e6);
    quality(t);
    text_notes_each(t->dump.p, note, t->out);
}

/* --- processes ------------------------------------------------------------ */

static void processes(struct snapshot_text *t)
{
    static const struct column heads[] = {{"reductions/s", true}, PROCESS};
    const struct snapshot_list *l = &t->s->tops[SNAPSHOT_REDUCTIONS];
    struct columns c;
    buffer_text(t->out, "\nProcesses: ");
    text_cell_number(t->out, t->s->processes);
    buffer_text(t->out, " of ");
    text_cell_number(t->out, t->s->limit);
    for (int i = 0; i < PROCSTATE_COUNT; i++) {
        if (!t->s->sums.states[i])
            continue;
        buffer_text(t->out, ", ");
        text_cell_number(t->out, t->s->sums.states[i]);
        buffer_printf(t->out, " %s", procstate_name((enum procstate)i));
    }
    if (t->s->knows_created) {
        buffer_text(t->out, ", ");
        words_rate(t->out, t->s->created_per_s);
        buffer_text(t->out, " created per s");
    }
    buffer_text(t->out, "\n");
    columns_init(&c, COLUMNS(heads));
    for (size_t i = 0; i < l->count; i++) {
        columns_add_real(&c, true, l->rows[i].per_s, words_rate);
        add_process(t, &c, &l->rows[i]);
    }
    columns_write(&c, t->out);
}

/* --- mailboxes ------------------------------------------------------------ */

static void by_length(struct snapshot_text *t)
{
    const uint64_t *classes = t->s->sums.queue_classes;
    const char *before = "  mailboxes by length: ";
    for (int i = 1; i < PROCSUMS_CLASSES; i++) {
        unsigned long long from = 1ull << (i - 1);
        if (!classes[i])
            continue;
        buffer_printf(t->out, "%s%llu", before, from);
        if (from > 1)
            buffer_printf(t->out, "-%llu", 2 * from - 1);
        buffer_text(t->out, ": ");
        text_cell_number(t->out, classes[i]);
        before = ", ";
    }
    if (before[0] == ',')
        buffer_text(t->out, "\n");
}

/* "1.25 MB+": at least. */
static void mailbox_memory(struct columns *c, const struct snapshot_row *row)
{
    struct buffer cell;
    buffer_init(&cell, BUFFER_DEFAULT_MAX);
    if (row->mailbox_bytes == FIGURE_UNKNOWN)
        buffer_text(&cell, "-");
    else
        words_bytes(&cell, row->mailbox_bytes);
    buffer_text(&cell, row->mailbox_at_least ? "+" : "");
    columns_add_buffer(c, &cell);
}

static void mailboxes(struct snapshot_text *t)
{
    static const struct column heads[] = {
        {"length", true}, {"growth/s", true}, {"memory", true}, PROCESS};
    const struct snapshot_list *l = &t->s->tops[SNAPSHOT_MAILBOXES];
    struct columns c;
    if (!t->s->knows.mailboxes)
        return;
    buffer_text(t->out, "\nMailboxes: ");
    text_cell_number(t->out, t->s->sums.queue_total);
    buffer_text(t->out, " messages, longest ");
    text_cell_number(t->out, t->s->sums.queue_max);
    buffer_text(t->out, t->s->sums.lower_bounds ? " (at least)\n" : "\n");
    by_length(t);
    columns_init(&c, COLUMNS(heads));
    for (size_t i = 0; i < l->count; i++) {
        const struct snapshot_row *row = &l->rows[i];
        columns_add_number(&c, row->figure);
        columns_add_real(&c, row->was_seen, row->per_s, words_rate);
        mailbox_memory(&c, row);
        add_process(t, &c, row);
    }
    columns_write(&c, t->out);
}

/* --- binaries and heaps --------------------------------------------------- */

static double ratio(const struct snapshot_row *row)
{
    uint64_t heap = row->heap_bytes ? row->heap_bytes : 1;
    return (double)row->figure / (double)heap;
}

static void holders(struct snapshot_text *t, enum snapshot_top top,
                    const char *title, double least)
{
    static const struct column heads[] = {
        {"held", true}, {"own heap", true}, {"unchanged for", true}, PROCESS};
    const struct snapshot_list *l = &t->s->tops[top];
    struct columns c;
    columns_init(&c, COLUMNS(heads));
    for (size_t i = 0; i < l->count; i++) {
        const struct snapshot_row *row = &l->rows[i];
        if (ratio(row) < least)
            continue;
        columns_add_bytes(&c, true, row->figure);
        columns_add_bytes(&c, row->has_heap, row->heap_bytes);
        columns_add_real(&c, row->was_seen, row->still_ms, words_seconds);
        add_process(t, &c, row);
    }
    if (c.added)
        buffer_text(t->out, title);
    columns_write(&c, t->out);
}

static void binaries(struct snapshot_text *t)
{
    if (!t->s->knows.binaries)
        return;
    buffer_text(t->out, "\nBinaries: held by processes ");
    words_bytes(t->out, t->s->sums.vheap_words * 8);
    buffer_text(t->out, "\n");
    holders(t, SNAPSHOT_BINARIES, "", 0);
    holders(t, SNAPSHOT_LEAKS,
            "  suspects (small heaps that hold much binary memory):\n",
            SUSPECT_RATIO);
}

/* Of all of it first: the heaps may be the smaller part. */
static void memory_line(struct snapshot_text *t)
{
    const char *before = "\nMemory: ";
    if (t->s->resident != FIGURE_UNKNOWN) {
        buffer_text(t->out, before);
        words_bytes(t->out, t->s->resident);
        buffer_text(t->out, " in RAM");
        before = ", ";
    }
    if (t->s->knows.heaps) {
        buffer_printf(t->out, "%sheaps of processes ", before);
        words_bytes(t->out, t->s->sums.heap_words * 8);
        before = ", ";
    }
    if (before[0] == ',')
        buffer_text(t->out, "\n");
}

static void memory(struct snapshot_text *t)
{
    static const struct column heads[] = {{"heap", true}, PROCESS};
    const struct snapshot_list *l = &t->s->tops[SNAPSHOT_HEAPS];
    struct columns c;
    memory_line(t);
    if (!t->s->knows.heaps)
        return;
    columns_init(&c, COLUMNS(heads));
    for (size_t i = 0; i < l->count; i++) {
        columns_add_bytes(&c, true, l->rows[i].figure);
        add_process(t, &c, &l->rows[i]);
    }
    columns_write(&c, t->out);
}

/* --- where processes wait ------------------------------------------------- */

/* "gen_server:loop/7 (gen_server.erl:394)" */
static void add_place(const struct snapshot_text *t, struct columns *c,
                      uint32_t stack)
{
    const struct profile *p = t->dump.p;
    struct buffer cell;
    buffer_init(&cell, BUFFER_DEFAULT_MAX);
    if (stack != PROFILE_NONE) {
        uint32_t at = platform_call_stack(p, stack);
        const struct profile_frame *f =
            profile_frame_at(p, profile_stack_at(p, at)->frame);
        const char *file =
            profile_text(p, profile_function_at(p, f->function)->file);
        buffer_text(&cell, dump_text_function(&t->dump, f->function));
        if (*file) {
            buffer_text(&cell, " (");
            text_cell_place(&cell, file, f->line);
            buffer_text(&cell, ")");
        }
    }
    columns_add_buffer(c, &cell);
}

static void waiting(struct snapshot_text *t)
{
    static const struct column heads[] = {
        {"count", true}, {"waits in", false}, {"began in", false}};
    struct columns c;
    size_t most = t->s->top < GROUPS ? t->s->top : GROUPS;
    size_t count = t->s->waiting.count < most ? t->s->waiting.count : most;
    uint64_t others = dump_groups_others(&t->s->waiting, count);
    buffer_text(t->out, "\nWaiting: ");
    text_cell_number(t->out, dump_in_state(t->s->dump, PROCSTATE_WAITING));
    buffer_text(t->out, " processes examined, by where they wait");
    if (others) {
        buffer_text(t->out, ", ");
        text_cell_number(t->out, others);
        buffer_text(t->out, " elsewhere");
    }
    buffer_text(t->out, "\n");
    columns_init(&c, COLUMNS(heads));
    for (size_t i = 0; i < count; i++) {
        const struct dump_group *g = &t->s->waiting.list[i];
        columns_add_number(&c, g->processes);
        add_place(t, &c, g->stack);
        columns_add(&c, profile_text(t->dump.p, g->initial_call));
    }
    columns_write(&c, t->out);
}

static void answers(struct snapshot_text *t)
{
    if (!t->s->dump->asking)
        return;
    buffer_text(t->out, "\n");
    dump_asked_lines(&t->dump);
    dump_asked_table(&t->dump, t->s->top);
}

static void inside(struct snapshot_text *t)
{
    buffer_text(
        t->out,
        "\nOnly known inside the node (Cprof.snapshot and Cprof.memory, "
        "cprof_nif:print_snapshot and print_memory):\n");
    for (const struct snapshot_missing *m = snapshot_inside; m->key; m++)
        buffer_printf(t->out, "  %s\n", m->what);
}

int snapshot_text_write(const struct snapshot *s,
                        const struct format_options *o, struct buffer *out)
{
    struct snapshot_text t = {
        .out = out,
        .s = s,
        .dump = {.out = out, .d = s->dump, .p = s->dump->profile}};
    int err = process_names_compute(s->dump->profile, &t.dump.names);
    if (err)
        return err;
    head(&t);
    snapshot_schedulers_write(s, out);
    processes(&t);
    mailboxes(&t);
    binaries(&t);
    memory(&t);
    waiting(&t);
    answers(&t);
    inside(&t);
    if (o->ascii)
        text_cell_to_ascii(out);
    process_names_deinit(&t.dump.names);
    return buffer_status(out);
}
