#include "formats/html_parts.h"

#include "formats/html_graph.h"
#include "formats/html_others.h"

/* A column of a table: its number for each new id. */
struct column {
    const char *name;
    uint64_t (*at)(const void *graph, size_t i);
};

static uint64_t after(const struct html_ids *ids, uint32_t id)
{
    return id == PROFILE_NONE ? 0 : ids->id[id] + 1;
}

/* --- functions and frames ------------------------------------------------ */

static const struct profile_function *function_at(const void *graph, size_t i)
{
    const struct html_graph *g = graph;
    return profile_function_at(g->p, g->functions.list[i]);
}

static uint64_t new_string(const void *graph, uint32_t string)
{
    const struct html_graph *g = graph;
    return g->strings.id[string];
}

static uint64_t function_name(const void *g, size_t i)
{
    return new_string(g, function_at(g, i)->name);
}

static uint64_t function_file(const void *g, size_t i)
{
    return new_string(g, function_at(g, i)->file);
}

static uint64_t function_kind(const void *g, size_t i)
{
    return function_at(g, i)->kind;
}

static const struct profile_frame *frame_at(const void *graph, size_t i)
{
    const struct html_graph *g = graph;
    return profile_frame_at(g->p, g->frames.list[i]);
}

static uint64_t frame_function(const void *graph, size_t i)
{
    const struct html_graph *g = graph;
    return g->functions.id[frame_at(g, i)->function];
}

static uint64_t frame_line(const void *g, size_t i)
{
    return frame_at(g, i)->line;
}

/* --- stacks -------------------------------------------------------------- */

static const struct profile_stack *stack_at(const void *graph, size_t i)
{
    const struct html_graph *g = graph;
    return profile_stack_at(g->p, g->stacks.list[i]);
}

static uint64_t stack_up(const void *graph, size_t i)
{
    const struct html_graph *g = graph;
    uint32_t parent = stack_at(g, i)->parent;
    return parent == PROFILE_NONE ? 0 : i - g->stacks.id[parent];
}

static uint64_t stack_frame(const void *graph, size_t i)
{
    const struct html_graph *g = graph;
    return g->frames.id[stack_at(g, i)->frame];
}

/* --- processes and threads ----------------------------------------------- */

static const struct profile_process *process_at(const void *graph, size_t i)
{
    const struct html_graph *g = graph;
    return profile_process_at(g->p, g->processes.list[i]);
}

static uint64_t process_pid(const void *g, size_t i)
{
    return new_string(g, process_at(g, i)->pid);
}

static uint64_t process_name(const void *g, size_t i)
{
    return new_string(g, process_at(g, i)->name);
}

static uint64_t process_call(const void *g, size_t i)
{
    return new_string(g, process_at(g, i)->initial_call);
}

static uint64_t process_label(const void *g, size_t i)
{
    return new_string(g, process_at(g, i)->label);
}

static uint64_t process_application(const void *g, size_t i)
{
    return new_string(g, process_at(g, i)->application);
}

static uint64_t process_members(const void *graph, size_t i)
{
    const struct html_graph *g = graph;
    return profile_members(g->p, g->processes.list[i]);
}

static uint64_t thread_name(const void *graph, size_t i)
{
    const struct html_graph *g = graph;
    return new_string(g, profile_thread_at(g->p, g->threads.list[i])->name);
}

static uint64_t thread_tid(const void *graph, size_t i)
{
    const struct html_graph *g = graph;
    return profile_thread_at(g->p, g->threads.list[i])->tid;
}

static const struct profile_span *span_at(const void *graph, size_t i)
{
    const struct html_graph *g = graph;
    return profile_span_at(g->p, g->spans.list[i]);
}

static uint64_t span_name(const void *g, size_t i)
{
    return new_string(g, span_at(g, i)->name);
}

static uint64_t span_up(const void *graph, size_t i)
{
    const struct html_graph *g = graph;
    uint32_t parent = span_at(g, i)->parent;
    return parent ? i - g->spans.id[parent] : 0;
}

/* --- rows ---------------------------------------------------------------- */

static const struct profile_sample *row_at(const void *graph, size_t i)
{
    const struct html_graph *g = graph;
    return profile_sample_at(g->p, g->rows[i]);
}

static uint64_t row_stack(const void *graph, size_t i)
{
    const struct html_graph *g = graph;
    uint64_t before = i ? after(&g->stacks, row_at(g, i - 1)->stack) : 0;
    return after(&g->stacks, row_at(g, i)->stack) - before;
}

static uint64_t row_process(const void *graph, size_t i)
{
    const struct html_graph *g = graph;
    return after(&g->processes, row_at(g, i)->process);
}

static uint64_t row_thread(const void *graph, size_t i)
{
    const struct html_graph *g = graph;
    return after(&g->threads, row_at(g, i)->thread);
}

static uint64_t row_state(const void *g, size_t i)
{
    return row_at(g, i)->state;
}

static uint64_t row_span(const void *graph, size_t i)
{
    const struct html_graph *g = graph;
    uint32_t span = row_at(g, i)->span;
    return after(&g->spans, span ? span : PROFILE_NONE);
}

static uint64_t row_bucket(const void *g, size_t i)
{
    return row_at(g, i)->bucket;
}

static uint64_t row_count(const void *graph, size_t i)
{
    const struct html_graph *g = graph;
    return profile_weight(g->p, g->rows[i]);
}

/* --- the whole ----------------------------------------------------------- */

static const struct column function_columns[] = {{"name", function_name},
                                                 {"file", function_file},
                                                 {"kind", function_kind},
                                                 {0}};
static const struct column frame_columns[] = {
    {"function", frame_function}, {"line", frame_line}, {0}};
static const struct column stack_columns[] = {
    {"up", stack_up}, {"frame", stack_frame}, {0}};
static const struct column process_columns[] = {
    {"pid", process_pid},
    {"name", process_name},
    {"initial_call", process_call},
    {"label", process_label},
    {"application", process_application},
    {"members", process_members},
    {0}};
static const struct column thread_columns[] = {
    {"name", thread_name}, {"tid", thread_tid}, {0}};
static const struct column span_columns[] = {
    {"name", span_name}, {"up", span_up}, {0}};
static const struct column row_columns[] = {
    {"stack", row_stack},   {"process", row_process},
    {"thread", row_thread}, {"state", row_state},
    {"span", row_span},     {"bucket", row_bucket},
    {"count", row_count},   {0}};

static void add_table(struct buffer *out, const char *name, size_t n,
                      const struct column *columns, const struct html_graph *g)
{
    buffer_printf(out, ",\"%s\":{", name);
    for (const struct column *c = columns; c->name; c++) {
        buffer_printf(out, "%s\"%s\":", c == columns ? "" : ",", c->name);
        html_json_list(out, n, c->at, g);
    }
    buffer_text(out, "}");
}

static void add_strings(struct buffer *out, const struct html_graph *g)
{
    buffer_text(out, ",\"strings\":[");
    for (size_t i = 0; i < g->strings.count; i++) {
        buffer_text(out, i ? "," : "");
        html_json_text(out, profile_text(g->p, g->strings.list[i]));
    }
    buffer_text(out, "]");
}

static void add_names(struct buffer *out)
{
    buffer_text(out, ",\"kinds\":[");
    for (int kind = 0; kind < FRAME_KIND_COUNT; kind++)
        buffer_printf(out, "%s\"%s\"", kind ? "," : "",
                      frame_kind_name((enum frame_kind)kind));
    buffer_text(out, "],\"states\":[");
    for (int state = 0; state < STATE_COUNT; state++)
        buffer_printf(out, "%s\"%s\"", state ? "," : "",
                      state_name((enum sample_state)state));
    buffer_text(out, "]");
}

struct compared {
    const struct html_graph *g;
    const struct html_compare *compare;
};

static uint64_t row_base(const void *ctx, size_t i)
{
    const struct compared *c = ctx;
    return c->compare->base[c->g->rows[i]];
}

static uint64_t function_changed(const void *ctx, size_t i)
{
    const struct compared *c = ctx;
    return c->compare->changed[c->g->functions.list[i]];
}

static void add_compare(struct buffer *out, const struct html_graph *g,
                        const struct html_compare *compare)
{
    struct compared both = {g, compare};
    const struct {
        const char *name;
        uint64_t value;
    } sides[] = {{"base_counted", compare->base_counted},
                 {"now_counted", compare->now_counted},
                 {"base_same", compare->base_same},
                 {"now_same", compare->now_same}};
    for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++)
        buffer_printf(out, ",\"%s\":%llu", sides[i].name,
                      (unsigned long long)sides[i].value);
    buffer_text(out, ",\"base\":");
    html_json_list(out, g->row_count, row_base, &both);
    buffer_text(out, ",\"changed\":");
    html_json_list(out, g->functions.count, function_changed, &both);
}

static void add_all(struct buffer *out, const struct html_graph *g,
                    const struct summary *s, const struct html_compare *compare)
{
    const struct profile_meta *m = profile_meta(g->p);
    buffer_printf(out,
                  "{\"version\":3,\"counted\":%llu,\"bucket_us\":%llu,"
                  "\"duration_us\":%llu,\"has_parts\":%s",
                  (unsigned long long)s->counted,
                  (unsigned long long)(compare ? 0 : m->bucket_ns / 1000),
                  (unsigned long long)(m->duration_ns / 1000),
                  profile_is_wall(g->p) ? "false" : "true");
    if (s->hits && s->hits != s->counted)
        buffer_printf(out, ",\"per_sample\":%.3f",
                      (double)s->counted / (double)s->hits);
    buffer_text(out, ",\"value\":");
    html_json_text(out,
                   profile_text(g->p, profile_value_type_at(g->p, 0)->name));
    buffer_text(out, ",\"unit\":");
    html_json_text(out,
                   profile_text(g->p, profile_value_type_at(g->p, 0)->unit));
    add_names(out);
    add_strings(out, g);
    add_table(out, "functions", g->functions.count, function_columns, g);
    add_table(out, "frames", g->frames.count, frame_columns, g);
    add_table(out, "stacks", g->stacks.count, stack_columns, g);
    add_table(out, "processes", g->processes.count, process_columns, g);
    add_table(out, "threads", g->threads.count, thread_columns, g);
    add_table(out, "spans", g->spans.count, span_columns, g);
    add_table(out, "rows", g->row_count, row_columns, g);
    if (compare)
        add_compare(out, g, compare);
    else
        html_others_add(out, g, s);
    buffer_text(out, "}\n");
}

int html_data_write(struct buffer *out, const struct profile *p,
                    const struct summary *s, const struct html_compare *compare)
{
    struct html_graph g;
    int err = html_graph_init(&g, p);
    if (!err) {
        add_all(out, &g, s, compare);
        err = buffer_status(out);
    }
    html_graph_deinit(&g);
    return err;
}
