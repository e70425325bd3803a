#include "report/report.h"

#include "report/report_keys.h"
#include "report/waits_sentence.h"

/* Of percentages and rates, whose sampling error is larger than that. */
enum { DECIMALS = 4 };

static void text(struct sink *s, const char *key, const struct profile *p,
                 uint32_t string)
{
    sink_text(s, key, profile_text(p, string));
}

static void real(struct sink *s, const char *key, double value)
{
    sink_real(s, key, value, DECIMALS);
}

static void meta(const struct profile *p, const struct figures *f,
                 struct sink *s)
{
    const struct summary *sum = &f->summary;
    const struct profile_meta *m = profile_meta(p);
    sink_object(s, KEY_META);
#define TEXT(field, key)         text(s, key, p, m->field);
#define NUMBER(type, field, key) sink_natural(s, key, m->field);
#define FLAG(field, key)         sink_boolean(s, key, m->field);
    PROFILE_META_SUBJECT(TEXT, NUMBER, FLAG)
    real(s, "rate_reached", sum->rate_reached);
    PROFILE_META_TIMES(NUMBER)
#undef TEXT
#undef NUMBER
#undef FLAG
    sink_natural(s, KEY_SAMPLES, sum->samples);
    sink_natural(s, KEY_COUNTED, sum->counted);
    if (profile_find_value(p, VALUE_BINARY) != PROFILE_NONE)
        sink_natural(s, "binary_bytes", figures_sum(p, VALUE_BINARY));
    sink_natural(s, KEY_CPU_NS, sum->cpu_ns);
    real(s, "max_error_pct", figures_max_error_pct(f));
    sink_lines(s, profile_meta_keys.notes, profile_text(p, m->notes));
    sink_end(s);
}

static void counters(const struct profile *p, struct sink *s)
{
    sink_object(s, "counters");
    for (size_t i = 0; i < PROFILE_COUNTER_COUNT; i++)
        sink_natural(s, profile_counter_list[i].name,
                     *profile_counter_of(profile_counters(p), i));
    sink_end(s);
}

static void states(const struct figures *f, struct sink *s)
{
    sink_object(s, KEY_STATES);
    for (int i = 0; i < STATE_COUNT; i++)
        sink_natural(s, state_name((enum sample_state)i),
                     f->summary.by_state[i]);
    sink_end(s);
    sink_object(s, "states_pct");
    for (int i = 0; i < STATE_COUNT; i++)
        real(s, state_name((enum sample_state)i),
             figures_state_pct(f, (enum sample_state)i));
    sink_end(s);
    sink_object(s, "idle");
    for (int i = 0; i < IDLE_PART_COUNT; i++)
        sink_natural(s, idle_part_name((enum idle_part)i),
                     f->summary.by_idle_part[i]);
    sink_end(s);
}

static void leaf_kinds(const struct summary *sum, struct sink *s)
{
    sink_object(s, "leaf_kinds");
    for (int i = 0; i < FRAME_KIND_COUNT; i++)
        sink_natural(s, frame_kind_name((enum frame_kind)i),
                     sum->by_leaf_kind[i]);
    sink_end(s);
    sink_object(s, "leaf_kinds_pct");
    for (int i = 0; i < FRAME_KIND_COUNT; i++)
        real(s, frame_kind_name((enum frame_kind)i),
             summary_pct(sum->by_leaf_kind[i], sum->counted));
    sink_end(s);
}

/* --- functions ------------------------------------------------------------ */

static void arity(struct sink *s, const char *key, int32_t value)
{
    if (value == FRAME_NO_ARITY)
        sink_null(s, key);
    else
        sink_integer(s, key, value);
}

void report_function(const struct profile *p, uint32_t function, uint32_t line,
                     struct sink *s)
{
    const struct profile_function *f = profile_function_at(p, function);
    text(s, KEY_NAME, p, f->name);
    text(s, "module", p, f->module);
    text(s, KEY_FUNCTION, p, f->function);
    arity(s, "arity", f->arity);
    sink_word(s, KEY_KIND, frame_kind_name(f->kind));
    text(s, KEY_FILE, p, f->file);
    sink_natural(s, KEY_LINE, line);
}

static void functions(const struct profile *p, const struct summary *sum,
                      struct sink *s)
{
    sink_list(s, KEY_FUNCTIONS);
    for (size_t i = 0; i < sum->function_count; i++) {
        const struct summary_function *row = &sum->functions[i];
        sink_object(s, NULL);
        report_function(p, row->function, row->line, s);
        sink_natural(s, KEY_SELF, row->self);
        sink_natural(s, KEY_OWN, row->own);
        sink_natural(s, "own_c", row->own_c);
        sink_natural(s, "own_gc", row->own_gc);
        sink_natural(s, "own_kernel", row->own_kernel);
        sink_natural(s, KEY_TOTAL, row->total);
        real(s, "self_pct", row->self_pct);
        real(s, "self_error_pct", row->self_error_pct);
        real(s, "own_pct", row->own_pct);
        real(s, "own_error_pct", row->own_error_pct);
        real(s, "total_pct", row->total_pct);
        real(s, "total_error_pct", row->total_error_pct);
        sink_end(s);
    }
    sink_end(s);
}

/* --- processes ------------------------------------------------------------ */

static void part(struct sink *s, uint64_t samples, double pct)
{
    sink_natural(s, KEY_SAMPLES, samples);
    real(s, "pct", pct);
}

static void whose(struct sink *s, uint64_t processes, uint64_t samples,
                  double pct, double error_pct)
{
    sink_natural(s, KEY_PROCESSES, processes);
    part(s, samples, pct);
    real(s, "error_pct", error_pct);
}

void report_kin(const struct profile *p, uint32_t initial_call, uint32_t label,
                struct sink *s)
{
    text(s, KEY_INITIAL_CALL, p, initial_call);
    text(s, "label", p, label);
}

/* The functions of a process with the most samples; see breakdown.h. */
static void top_functions(const struct profile *p, const struct figures *f,
                          uint32_t process, struct sink *s)
{
    const struct breakdown_row *rows;
    size_t n = figures_top_functions(f, process, &rows);
    sink_list(s, KEY_FUNCTIONS);
    for (size_t i = 0; i < n; i++) {
        sink_object(s, NULL);
        text(s, KEY_NAME, p, profile_function_at(p, rows[i].function)->name);
        part(s, rows[i].samples,
             summary_pct(rows[i].samples, f->summary.counted));
        sink_end(s);
    }
    sink_end(s);
}

static void processes(const struct profile *p, const struct figures *f,
                      struct sink *s)
{
    sink_list(s, KEY_PROCESSES);
    for (size_t i = 0; i < f->summary.process_count; i++) {
        const struct summary_process *row = &f->summary.processes[i];
        const struct profile_process *of = profile_process_at(p, row->process);
        sink_object(s, NULL);
        text(s, profile_meta_keys.pid, p, of->pid);
        text(s, KEY_NAME, p, of->name);
        report_kin(p, of->initial_call, of->label, s);
        sink_text(s, "group", process_names_of(&f->groups.names, row->process));
        text(s, KEY_APPLICATION, p, of->application);
        text(s, "parent", p, of->parent);
        text(s, KEY_CHILD_ID, p, of->child);
        whose(s, profile_members(p, row->process), row->samples, row->pct,
              row->error_pct);
        top_functions(p, f, row->process, s);
        sink_end(s);
    }
    sink_end(s);
}

static void groups(const struct profile *p, const struct groups *groups,
                   struct sink *s)
{
    sink_list(s, "process_groups");
    for (size_t i = 0; i < groups->count; i++) {
        const struct group *g = &groups->rows[i];
        if (!g->together)
            continue;
        sink_object(s, NULL);
        sink_text(s, KEY_NAME, groups_name(groups, g));
        report_kin(p, g->initial_call, g->label, s);
        whose(s, g->processes, g->samples, g->pct, g->error_pct);
        sink_end(s);
    }
    sink_end(s);
}

/* --- who is waited for ---------------------------------------------------- */

static void sites(const struct profile *p, const struct waits_row *row,
                  struct sink *s)
{
    sink_list(s, KEY_SITES);
    for (unsigned i = 0; i < row->site_count; i++) {
        sink_object(s, NULL);
        report_function(p, row->sites[i].function, 0, s);
        sink_natural(s, "site_ns", row->sites[i].ns);
        sink_end(s);
    }
    sink_end(s);
}

/* Null if there is no text. */
static void text_or_null(struct sink *s, const char *key, const char *text)
{
    if (*text)
        sink_text(s, key, text);
    else
        sink_null(s, key);
}

/* What the process that is waited for does itself. */
static void itself(const struct profile *p, const struct waits *w,
                   const struct waits_row *row, struct sink *s)
{
    sink_natural(s, "own_ns", row->own_ns);
    sink_object(s, KEY_STATES);
    for (int i = 0; i < STATE_COUNT; i++)
        if (row->own_by_state[i])
            sink_natural(s, state_name((enum sample_state)i),
                         row->own_by_state[i]);
    sink_end(s);
    text_or_null(s, "usual_function", waits_usual_place(p, row));
    text_or_null(s, "waits_for",
                 row->waits_for == PROFILE_NONE ? ""
                                                : w->rows[row->waits_for].name);
    sink_natural(s, "waits_for_ns", row->waits_for_ns);
}

static void wait(const struct profile *p, const struct waits *w,
                 const struct waits_row *row, struct sink *s)
{
    static const char most[] = "most";
    sink_object(s, NULL);
    sink_text(s, KEY_NAME, row->name);
    text_or_null(
        s, profile_meta_keys.pid,
        row->process == PROFILE_NONE
            ? ""
            : profile_text(p, profile_process_at(p, row->process)->pid));
    sink_natural(s, "waited_ns", row->ns);
    sink_natural(s, KEY_SAMPLES, row->samples);
    if (row->most)
        sink_natural(s, most, row->most);
    else
        sink_null(s, most);
    sites(p, row, s);
    itself(p, w, row, s);
    sink_end(s);
}

static void waits(const struct profile *p, const struct waits *w,
                  struct sink *s)
{
    sink_list(s, KEY_WAITS);
    for (size_t i = 0; i < w->count; i++)
        wait(p, w, &w->rows[i], s);
    sink_end(s);
}

static void sentence(const struct profile *p, const struct figures *f,
                     const struct waits_cause *cause, struct sink *s)
{
    struct buffer line;
    buffer_init(&line, BUFFER_DEFAULT_MAX);
    waits_sentence_add(&line, p, &f->waits, cause,
                       f->summary.by_state[STATE_BLOCKED]);
    buffer_add(&line, "", 1);
    text_or_null(s, KEY_SENTENCE, line.failed ? "" : (const char *)line.data);
    buffer_deinit(&line);
}

/* Who waits for whom: the chain from the one that is waited for longest. */
static void waits_cause(const struct profile *p, const struct figures *f,
                        struct sink *s)
{
    static const char key[] = "waits_cause";
    const struct waits_cause cause =
        waits_explain(&f->waits, profile_meta(p)->duration_ns);
    uint32_t at = cause.first;
    if (!profile_is_wall(p)) {
        sink_null(s, key);
        return;
    }
    sink_object(s, key);
    sink_word(s, KEY_KIND, waits_kind(&cause));
    sentence(p, f, &cause, s);
    sink_list(s, "chain");
    for (unsigned i = 0; i < cause.length; i++) {
        sink_text(s, NULL, f->waits.rows[at].name);
        at = f->waits.rows[at].waits_for;
    }
    sink_end(s);
    sink_natural(s, KEY_CIRCLE, cause.circle);
    sink_end(s);
}

/* --- the whole ------------------------------------------------------------ */

static void event(const struct profile *p, const struct figures *f,
                  struct sink *s)
{
    meta(p, f, s);
    counters(p, s);
    states(f, s);
    leaf_kinds(&f->summary, s);
    functions(p, &f->summary, s);
    processes(p, f, s);
    groups(p, &f->groups, s);
    waits(p, &f->waits, s);
    waits_cause(p, f, s);
    report_blocks(p, &f->blocks, s);
    report_garbage(p, &f->garbage, s);
}

void report_walk(const struct report *r, struct sink *s)
{
    sink_object(s, NULL);
    sink_natural(s, KEY_VERSION, REPORT_VERSION);
    event(r->parts.list[0], &r->figures[0], s);
    for (size_t i = 1; i < r->parts.count; i++) {
        sink_object(s, event_name(profile_event(r->parts.list[i])));
        event(r->parts.list[i], &r->figures[i], s);
        sink_end(s);
    }
    report_spans(r->whole, &r->spans, s);
    sink_end(s);
}

int report_compute(const struct profile *p, struct report *out)
{
    struct report r = {.parts = {.count = 0}, .whole = p};
    int err = filter_split(p, &r.parts);
    if (!err)
        err = span_table_compute(p, &r.spans);
    for (size_t i = 0; i < r.parts.count && !err; i++)
        err = figures_compute(r.parts.list[i], &r.figures[i]);
    if (err)
        report_deinit(&r);
    else
        *out = r;
    return err;
}

void report_deinit(struct report *r)
{
    for (size_t i = 0; i < r->parts.count; i++)
        figures_deinit(&r->figures[i]);
    filter_parts_deinit(&r->parts);
    span_table_deinit(&r->spans);
}
