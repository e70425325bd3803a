/* A snapshot from outside has the keys of one from inside the node
 * (lib/snapshot/cprof_snapshot_json.erl). */
#include "report/report.h"

#include "base/buffer.h"
#include "report/report_keys.h"

enum { DECIMALS = 3 };

/* Nothing if the text is "". */
static void known_text(struct sink *s, const char *key, const struct profile *p,
                       uint32_t string)
{
    const char *text = profile_text(p, string);
    if (*text)
        sink_text(s, key, text);
}

static void function_text(struct sink *s, const char *key,
                          const struct profile *p, uint32_t function)
{
    sink_text(s, key, profile_text(p, profile_function_at(p, function)->name));
}

/* --- processes in lists --------------------------------------------------- */

static void process(const struct snapshot *snapshot,
                    const struct snapshot_row *row, struct sink *s)
{
    const struct profile *p = snapshot->dump->profile;
    const struct profile_process *of = profile_process_at(p, row->who.process);
    known_text(s, profile_meta_keys.pid, p, row->who.pid);
    known_text(s, KEY_NAME, p, of->name);
    known_text(s, KEY_INITIAL_CALL, p, of->initial_call);
    known_text(s, KEY_APPLICATION, p, of->application);
    known_text(s, KEY_CHILD_ID, p, of->child);
    if (row->stack != PROFILE_NONE)
        function_text(s, "current_function", p,
                      profile_stack_function(p, row->stack));
}

static void binary_figures(const struct snapshot_row *row, struct sink *s)
{
    sink_natural(s, KEY_BYTES, row->figure);
    if (row->has_heap) {
        uint64_t heap = row->heap_bytes ? row->heap_bytes : 1;
        sink_natural(s, "heap_bytes", row->heap_bytes);
        sink_real(s, "ratio", (double)row->figure / (double)heap, DECIMALS);
    }
    if (row->was_seen)
        sink_real(s, "still_ms", row->still_ms, DECIMALS);
}

static void row_figures(enum snapshot_top top, const struct snapshot_row *row,
                        struct sink *s)
{
    switch (top) {
    case SNAPSHOT_REDUCTIONS:
        sink_real(s, "reductions_per_s", row->per_s, DECIMALS);
        break;
    case SNAPSHOT_MAILBOXES:
        sink_natural(s, "length", row->figure);
        if (row->was_seen)
            sink_real(s, "growth_per_s", row->per_s, DECIMALS);
        if (row->mailbox_bytes != FIGURE_UNKNOWN) {
            sink_natural(s, KEY_BYTES, row->mailbox_bytes);
            sink_boolean(s, "bytes_exact", !row->mailbox_at_least);
        }
        break;
    case SNAPSHOT_BINARIES:
    case SNAPSHOT_LEAKS:
        binary_figures(row, s);
        break;
    default:
        sink_natural(s, KEY_BYTES, row->figure);
        break;
    }
}

static void list(const struct snapshot *snapshot, enum snapshot_top top,
                 const char *key, struct sink *s)
{
    const struct snapshot_list *l = &snapshot->tops[top];
    sink_list(s, key);
    for (size_t i = 0; i < l->count; i++) {
        sink_object(s, NULL);
        process(snapshot, &l->rows[i], s);
        row_figures(top, &l->rows[i], s);
        sink_end(s);
    }
    sink_end(s);
}

/* --- the parts ------------------------------------------------------------ */

static void missing(const struct snapshot *snapshot, struct sink *s)
{
    sink_list(s, "missing");
    for (const struct snapshot_missing *m = snapshot_inside; m->key; m++)
        sink_word(s, NULL, m->key);
    for (unsigned i = 0; i < SNAPSHOT_FIGURES; i++) {
        const struct snapshot_missing *m = snapshot_not_found(snapshot, i);
        if (m)
            sink_word(s, NULL, m->key);
    }
    sink_end(s);
}

static void quality(const struct snapshot *snapshot, struct sink *s)
{
    const struct dump_counts *c = &snapshot->dump->counts;
    sink_object(s, "quality");
    sink_natural(s, "embryos", c->being_made);
    sink_natural(s, "implausible", snapshot->implausible);
    sink_natural(s, "lower_bounds", snapshot->sums.lower_bounds);
    sink_natural(s, "torn", c->torn);
    sink_natural(s, "unreadable", c->unreadable);
    sink_natural(s, "gone", c->ended);
    missing(snapshot, s);
    sink_end(s);
}

static void schedulers(const struct snapshot *snapshot, struct sink *s)
{
    sink_list(s, profile_meta_keys.schedulers);
    for (size_t i = 0; i < snapshot->scheduler_count; i++) {
        const struct snapshot_scheduler *one = &snapshot->schedulers[i];
        sink_object(s, NULL);
        sink_natural(s, "id", one->id);
        sink_word(s, "type", snapshot_kind_word(one->kind));
        if (one->known) {
            sink_real(s, "cpu", one->cpu, DECIMALS);
            sink_real(s, "waiting_for_cpu", one->waiting_for_cpu, DECIMALS);
        }
        sink_end(s);
    }
    sink_end(s);
}

static void processes(const struct snapshot *snapshot, struct sink *s)
{
    sink_object(s, KEY_PROCESSES);
    sink_natural(s, KEY_COUNT, snapshot->processes);
    sink_natural(s, "limit", snapshot->limit);
    if (snapshot->knows_created)
        sink_real(s, "created_per_s", snapshot->created_per_s, DECIMALS);
    for (int i = 0; i < PROCSTATE_COUNT; i++)
        sink_natural(s, procstate_name((enum procstate)i),
                     snapshot->sums.states[i]);
    if (snapshot->knows.reductions)
        list(snapshot, SNAPSHOT_REDUCTIONS, KEY_TOP, s);
    sink_end(s);
}

/* [From, Count]: queues with From to 2 * From - 1 messages. */
static void histogram(const struct snapshot *snapshot, struct sink *s)
{
    sink_list(s, "histogram");
    for (int i = 1; i < PROCSUMS_CLASSES; i++) {
        if (!snapshot->sums.queue_classes[i])
            continue;
        sink_list(s, NULL);
        sink_natural(s, NULL, (uint64_t)1 << (i - 1));
        sink_natural(s, NULL, snapshot->sums.queue_classes[i]);
        sink_end(s);
    }
    sink_end(s);
}

static void mailboxes(const struct snapshot *snapshot, struct sink *s)
{
    if (!snapshot->knows.mailboxes)
        return;
    sink_object(s, "mailboxes");
    sink_natural(s, KEY_TOTAL, snapshot->sums.queue_total);
    sink_natural(s, "max", snapshot->sums.queue_max);
    histogram(snapshot, s);
    sink_boolean(s, "exact", snapshot->sums.lower_bounds == 0);
    list(snapshot, SNAPSHOT_MAILBOXES, KEY_TOP, s);
    sink_end(s);
}

static void binaries(const struct snapshot *snapshot, struct sink *s)
{
    if (!snapshot->knows.binaries)
        return;
    sink_object(s, "binaries");
    sink_natural(s, "held", snapshot->sums.vheap_words * 8);
    sink_natural(s, KEY_EXAMINED, snapshot->sums.count);
    list(snapshot, SNAPSHOT_BINARIES, KEY_TOP, s);
    list(snapshot, SNAPSHOT_LEAKS, "leaks", s);
    sink_end(s);
}

static void memory(const struct snapshot *snapshot, struct sink *s)
{
    bool heaps = snapshot->knows.heaps;
    if (!heaps && snapshot->resident == FIGURE_UNKNOWN)
        return;
    sink_object(s, "memory");
    if (snapshot->resident != FIGURE_UNKNOWN)
        sink_natural(s, "resident", snapshot->resident);
    if (heaps) {
        sink_natural(s, "heaps", snapshot->sums.heap_words * 8);
        list(snapshot, SNAPSHOT_HEAPS, KEY_TOP, s);
    }
    sink_end(s);
}

/* --- where processes wait ------------------------------------------------- */

/* "gen_server:loop/7 (gen_server.erl:394)" */
static void frame(const struct profile *p, const struct profile_frame *f,
                  struct sink *s)
{
    const struct profile_function *of = profile_function_at(p, f->function);
    const char *file = profile_text(p, of->file);
    struct buffer text;
    buffer_init(&text, BUFFER_DEFAULT_MAX);
    buffer_text(&text, profile_text(p, of->name));
    if (*file && f->line)
        buffer_printf(&text, " (%s:%u)", file, f->line);
    else if (*file)
        buffer_printf(&text, " (%s)", file);
    buffer_add(&text, "", 1);
    if (buffer_status(&text) == 0)
        sink_text(s, NULL, (const char *)text.data);
    buffer_deinit(&text);
}

static void place(const struct profile *p, uint32_t stack, struct sink *s)
{
    const struct profile_frame *f =
        profile_frame_at(p, profile_stack_at(p, stack)->frame);
    function_text(s, KEY_FUNCTION, p, f->function);
    known_text(s, KEY_FILE, p, profile_function_at(p, f->function)->file);
    if (f->line)
        sink_natural(s, KEY_LINE, f->line);
}

static void group(const struct profile *p, const struct dump_group *g,
                  struct sink *s)
{
    sink_object(s, NULL);
    sink_natural(s, KEY_COUNT, g->processes);
    if (g->stack != PROFILE_NONE)
        place(p, g->stack, s);
    sink_list(s, "stack");
    for (uint32_t at = g->stack; at != PROFILE_NONE;
         at = profile_stack_at(p, at)->parent)
        frame(p, profile_frame_at(p, profile_stack_at(p, at)->frame), s);
    sink_end(s);
    known_text(s, KEY_INITIAL_CALL, p, g->initial_call);
    sink_list(s, "pids");
    for (unsigned i = 0; i < g->member_count; i++)
        sink_text(s, NULL, profile_text(p, g->members[i].pid));
    sink_end(s);
    sink_end(s);
}

static void waiting(const struct snapshot *snapshot, struct sink *s)
{
    size_t all = snapshot->waiting.count;
    size_t count = all < snapshot->top ? all : snapshot->top;
    sink_object(s, KEY_WAITING);
    sink_natural(s, KEY_EXAMINED,
                 dump_in_state(snapshot->dump, PROCSTATE_WAITING));
    sink_natural(s, "others", dump_groups_others(&snapshot->waiting, count));
    sink_list(s, KEY_GROUPS);
    for (size_t i = 0; i < count; i++)
        group(snapshot->dump->profile, &snapshot->waiting.list[i], s);
    sink_end(s);
    sink_end(s);
}

void report_walk_snapshot(const struct snapshot *snapshot, struct sink *s)
{
    sink_object(s, NULL);
    sink_natural(s, KEY_VERSION, REPORT_VERSION);
    report_dump_meta(snapshot->dump, s);
    sink_word(s, "source", "outside");
    sink_natural(s, "at", snapshot->at_us);
    sink_natural(s, "took_us", snapshot->took_us);
    sink_natural(s, "elapsed_us", snapshot->elapsed_us);
    sink_natural(s, KEY_TOP, snapshot->top);
    quality(snapshot, s);
    schedulers(snapshot, s);
    processes(snapshot, s);
    mailboxes(snapshot, s);
    binaries(snapshot, s);
    memory(snapshot, s);
    waiting(snapshot, s);
    report_answers(snapshot->dump, s);
    sink_end(s);
}
