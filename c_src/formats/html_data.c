#include "formats/html_parts.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/index.h"

enum { USED = 0 };

/* What is left of the profile once unused things are gone: old id -> new id
 * (or PROFILE_NONE) for every table. */
struct graph {
    const struct profile *p;
    uint64_t *self, *total, *cpu_ns; /* by stack */
    uint32_t *stack_id, *frame_id, *function_id;
    struct index string_index;
    uint32_t *strings; /* new id -> string of the profile */
    uint32_t string_count;
};

/* --- choosing ------------------------------------------------------------ */

static void count_samples(struct graph *g)
{
    for (size_t i = 0; i < profile_sample_count(g->p); i++) {
        const struct profile_sample *s = profile_sample_at(g->p, i);
        if (s->state == STATE_SCHEDULER || s->stack == PROFILE_NONE)
            continue;
        g->self[s->stack] += s->count;
        g->cpu_ns[s->stack] += s->cpu_ns;
    }
    /* Children come after their parents. */
    for (size_t i = profile_stack_count(g->p); i-- > 0;) {
        g->total[i] += g->self[i];
        uint32_t parent = profile_stack_at(g->p, (uint32_t)i)->parent;
        if (parent != PROFILE_NONE)
            g->total[parent] += g->total[i];
    }
}

static bool same_string(const void *things, uint32_t id, const void *key)
{
    const uint32_t *strings = things;
    return strings[id] == *(const uint32_t *)key;
}

/* New id of a string of the profile. */
static int64_t use_string(struct graph *g, uint32_t string)
{
    uint64_t hash = hash_u64(0, string);
    uint32_t id =
        index_find(&g->string_index, hash, same_string, g->strings, &string);
    if (id != INDEX_NONE)
        return id;
    int result = index_add(&g->string_index, hash, g->string_count);
    if (result)
        return result;
    g->strings[g->string_count] = string;
    return g->string_count++;
}

/* Marks a function and its strings as used. */
static int use_function(struct graph *g, uint32_t id)
{
    if (g->function_id[id] == USED)
        return 0;
    g->function_id[id] = USED;
    const struct profile_function *f = profile_function_at(g->p, id);
    int64_t name = use_string(g, f->name);
    int64_t file = name < 0 ? name : use_string(g, f->file);
    return file < 0 ? (int)file : 0;
}

static void number(uint32_t *ids, size_t n)
{
    uint32_t next = 0;
    for (size_t i = 0; i < n; i++)
        if (ids[i] == USED)
            ids[i] = next++;
}

static int choose(struct graph *g)
{
    for (uint32_t i = 0; i < profile_stack_count(g->p); i++) {
        if (g->total[i] == 0)
            continue;
        uint32_t frame = profile_stack_at(g->p, i)->frame;
        g->stack_id[i] = g->frame_id[frame] = USED;
        int result = use_function(g, profile_frame_at(g->p, frame)->function);
        if (result)
            return result;
    }
    number(g->stack_id, profile_stack_count(g->p));
    number(g->frame_id, profile_frame_count(g->p));
    number(g->function_id, profile_function_count(g->p));
    return 0;
}

static uint32_t *no_ids(size_t n)
{
    uint32_t *ids = malloc((n + 1) * sizeof(*ids));
    for (size_t i = 0; ids && i < n; i++)
        ids[i] = PROFILE_NONE;
    return ids;
}

static int graph_init(struct graph *g, const struct profile *p)
{
    size_t stacks = profile_stack_count(p) + 1;
    size_t functions = profile_function_count(p);
    *g = (struct graph){.p = p};
    index_init(&g->string_index);
    g->self = calloc(stacks, sizeof(*g->self));
    g->total = calloc(stacks, sizeof(*g->total));
    g->cpu_ns = calloc(stacks, sizeof(*g->cpu_ns));
    g->stack_id = no_ids(stacks);
    g->frame_id = no_ids(profile_frame_count(p));
    g->function_id = no_ids(functions);
    g->strings = no_ids(2 * functions);
    if (!g->self || !g->total || !g->cpu_ns || !g->stack_id || !g->frame_id ||
        !g->function_id || !g->strings)
        return -ENOMEM;
    count_samples(g);
    return choose(g);
}

static void graph_deinit(struct graph *g)
{
    index_deinit(&g->string_index);
    free(g->self);
    free(g->total);
    free(g->cpu_ns);
    free(g->stack_id);
    free(g->frame_id);
    free(g->function_id);
    free(g->strings);
}

/* --- to JSON; jansson passes NULL on, and answers -1 for it -------------- */

static json_t *json_text(const char *text)
{
    struct buffer clean;
    buffer_init(&clean, BUFFER_DEFAULT_MAX);
    html_text_utf8(&clean, text);
    json_t *json =
        clean.failed
            ? NULL
            : json_stringn(clean.data ? (char *)clean.data : "", clean.len);
    buffer_deinit(&clean);
    return json;
}

static int push(json_t *array, uint64_t value)
{
    return json_array_append_new(array, json_integer((json_int_t)value));
}

static json_t *strings_json(const struct graph *g)
{
    json_t *list = json_array();
    int failed = 0;
    for (uint32_t i = 0; i < g->string_count; i++)
        failed |= json_array_append_new(
            list, json_text(profile_text(g->p, g->strings[i])));
    if (!failed)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *kinds_json(void)
{
    json_t *list = json_array();
    for (int kind = 0; kind < FRAME_KIND_COUNT; kind++)
        json_array_append_new(
            list, json_string(frame_kind_name((enum frame_kind)kind)));
    return list;
}

static json_t *functions_json(struct graph *g)
{
    json_t *name = json_array(), *file = json_array(), *kind = json_array();
    int failed = 0;
    for (uint32_t i = 0; i < profile_function_count(g->p); i++) {
        if (g->function_id[i] == PROFILE_NONE)
            continue;
        const struct profile_function *f = profile_function_at(g->p, i);
        failed |= push(name, (uint64_t)use_string(g, f->name));
        failed |= push(file, (uint64_t)use_string(g, f->file));
        failed |= push(kind, f->kind);
    }
    json_t *json =
        json_pack("{s:o, s:o, s:o}", "name", name, "file", file, "kind", kind);
    if (!failed)
        return json;
    json_decref(json);
    return NULL;
}

static json_t *frames_json(const struct graph *g)
{
    json_t *function = json_array(), *line = json_array();
    int failed = 0;
    for (uint32_t i = 0; i < profile_frame_count(g->p); i++) {
        if (g->frame_id[i] == PROFILE_NONE)
            continue;
        const struct profile_frame *f = profile_frame_at(g->p, i);
        failed |= push(function, g->function_id[f->function]);
        failed |= push(line, f->line);
    }
    json_t *json = json_pack("{s:o, s:o}", "function", function, "line", line);
    if (!failed)
        return json;
    json_decref(json);
    return NULL;
}

static uint64_t new_parent(const struct graph *g, const struct profile_stack *s)
{
    return s->parent == PROFILE_NONE ? (uint64_t)-1 : g->stack_id[s->parent];
}

static json_t *stacks_json(const struct graph *g)
{
    json_t *parent = json_array(), *frame = json_array();
    json_t *self = json_array(), *cpu = json_array();
    int failed = 0;
    for (uint32_t i = 0; i < profile_stack_count(g->p); i++) {
        if (g->stack_id[i] == PROFILE_NONE)
            continue;
        const struct profile_stack *s = profile_stack_at(g->p, i);
        failed |= push(parent, new_parent(g, s));
        failed |= push(frame, g->frame_id[s->frame]);
        failed |= push(self, g->self[i]);
        failed |= push(cpu, g->cpu_ns[i] / 1000);
    }
    json_t *json = json_pack("{s:o, s:o, s:o, s:o}", "parent", parent, "frame",
                             frame, "self", self, "cpu", cpu);
    if (!failed)
        return json;
    json_decref(json);
    return NULL;
}

/* Outside of strings JSON has none of these, and inside the escape means the
 * same: so the text can neither end the script element nor begin another. */
static int add_escaped(const char *bytes, size_t len, void *ctx)
{
    struct buffer *out = ctx;
    size_t start = 0;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != '<' && bytes[i] != '>' && bytes[i] != '&')
            continue;
        buffer_add(out, bytes + start, i - start);
        buffer_printf(out, "\\u%04x", (unsigned)bytes[i]);
        start = i + 1;
    }
    buffer_add(out, bytes + start, len - start);
    return out->failed ? -1 : 0;
}

int html_data_write(struct buffer *out, const struct profile *p,
                    const struct summary *s)
{
    struct graph g;
    int result = graph_init(&g, p);
    json_t *json = NULL;
    if (result == 0) {
        json = json_pack("{s:i, s:I, s:o, s:o, s:o, s:o, s:o}", "version", 1,
                         "counted", (json_int_t)s->counted, "kinds",
                         kinds_json(), "strings", strings_json(&g), "functions",
                         functions_json(&g), "frames", frames_json(&g),
                         "stacks", stacks_json(&g));
        result = json ? 0 : -ENOMEM;
    }
    if (json && json_dump_callback(json, add_escaped, out,
                                   JSON_COMPACT | JSON_ENSURE_ASCII) != 0)
        result = -E_LIMIT;
    json_decref(json);
    graph_deinit(&g);
    return result;
}
