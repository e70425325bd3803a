/* The JSON report; docs/report.md has its shape. */
#include "formats/format.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "formats/diff_write.h"
#include "formats/json_dump.h"
#include "profile/figures.h"

/* Adds value (stolen) to object; a NULL anywhere ends in `bad`. */
struct object {
    json_t *json;
    bool bad;
};

static struct object object_make(void)
{
    json_t *json = json_object();
    return (struct object){json, !json};
}

static void put(struct object *o, const char *key, json_t *value)
{
    if (json_object_set_new(o->json, key, value) != 0)
        o->bad = true;
}

/* JSON integers of jansson are signed: what is above is shown as the top. */
static void put_u64(struct object *o, const char *key, uint64_t value)
{
    put(o, key, json_integer(value > INT64_MAX ? INT64_MAX : (int64_t)value));
}

static void put_text(struct object *o, const char *key, const struct profile *p,
                     uint32_t string)
{
    put(o, key, json_string(profile_text(p, string)));
}

static void put_pct(struct object *o, const char *key, double value)
{
    put(o, key, json_real(round(value * 1e4) / 1e4));
}

static void append(struct object *array, struct object item)
{
    array->bad |= item.bad;
    if (json_array_append_new(array->json, item.json) != 0)
        array->bad = true;
}

static void put_object(struct object *o, const char *key, struct object value)
{
    o->bad |= value.bad;
    put(o, key, value.json);
}

/* --- parts ---------------------------------------------------------------- */

static struct object notes(const struct profile *p)
{
    struct object list = {json_array(), false};
    const char *at = profile_text(p, profile_meta(p)->notes);
    while (*at) {
        size_t len = strcspn(at, "\n");
        if (json_array_append_new(list.json, json_stringn(at, len)) != 0)
            list.bad = true;
        at += len + (at[len] == '\n');
    }
    return list;
}

static struct object meta(const struct profile *p, const struct figures *f)
{
    const struct summary *s = &f->summary;
    const struct profile_meta *m = profile_meta(p);
    struct object o = object_make();
    put_text(&o, "cprof", p, m->version);
    put_text(&o, "host", p, m->host);
    put_text(&o, "os", p, m->os);
    put_text(&o, "node", p, m->node);
    put_text(&o, "command", p, m->command);
    put_u64(&o, "pid", m->pid);
    put_text(&o, "otp", p, m->otp);
    put_text(&o, "erts", p, m->erts);
    put(&o, "jit", json_boolean(m->jit));
    put_u64(&o, "schedulers", m->schedulers);
    put_text(&o, "engine", p, m->engine);
    put_text(&o, "event", p, m->event);
    put(&o, "kernel_included", json_boolean(m->kernel_included));
    put_u64(&o, "rate_asked", m->rate_asked);
    put_pct(&o, "rate_reached", s->rate_reached);
    put_u64(&o, "started_unix_ns", m->started_unix_ns);
    put_u64(&o, "duration_ns", m->duration_ns);
    put_u64(&o, "cpu_used_ns", m->used_ns);
    put_u64(&o, "cpu_seen_ns", m->seen_ns);
    put_u64(&o, "bucket_ns", m->bucket_ns);
    put_u64(&o, "samples", s->samples);
    put_u64(&o, "counted", s->counted);
    put_u64(&o, "cpu_ns", s->cpu_ns);
    put_pct(&o, "max_error_pct", figures_max_error_pct(f));
    put_object(&o, "notes", notes(p));
    return o;
}

static struct object counters(const struct profile *p)
{
    const struct profile_counters *c = profile_counters(p);
    struct object o = object_make();
#define X(name, kind, text) put_u64(&o, #name, c->name);
    PROFILE_COUNTERS(X)
#undef X
    return o;
}

static struct object states(const struct summary *s)
{
    struct object o = object_make();
    for (int i = 0; i < STATE_COUNT; i++)
        put_u64(&o, state_name((enum sample_state)i), s->by_state[i]);
    return o;
}

static struct object states_pct(const struct figures *f)
{
    struct object o = object_make();
    for (int i = 0; i < STATE_COUNT; i++)
        put_pct(&o, state_name((enum sample_state)i),
                figures_state_pct(f, (enum sample_state)i));
    return o;
}

static struct object idle_parts(const struct summary *s)
{
    struct object o = object_make();
    for (int i = 0; i < IDLE_PART_COUNT; i++)
        put_u64(&o, idle_part_name((enum idle_part)i), s->by_idle_part[i]);
    return o;
}

static struct object leaf_kinds_pct(const struct summary *s)
{
    struct object o = object_make();
    for (int i = 0; i < FRAME_KIND_COUNT; i++)
        put_pct(&o, frame_kind_name((enum frame_kind)i),
                summary_pct(s->by_leaf_kind[i], s->counted));
    return o;
}

static struct object leaf_kinds(const struct summary *s)
{
    struct object o = object_make();
    for (int i = 0; i < FRAME_KIND_COUNT; i++)
        put_u64(&o, frame_kind_name((enum frame_kind)i), s->by_leaf_kind[i]);
    return o;
}

static struct object function(const struct profile *p,
                              const struct summary_function *row)
{
    const struct profile_function *f = profile_function_at(p, row->function);
    struct object o = object_make();
    put_text(&o, "name", p, f->name);
    put_text(&o, "module", p, f->module);
    put_text(&o, "function", p, f->function);
    put(&o, "arity",
        f->arity == FRAME_NO_ARITY ? json_null() : json_integer(f->arity));
    put(&o, "kind", json_string(frame_kind_name(f->kind)));
    put_text(&o, "file", p, f->file);
    put_u64(&o, "line", row->line);
    put_u64(&o, "self", row->self);
    put_u64(&o, "total", row->total);
    put_pct(&o, "self_pct", row->self_pct);
    put_pct(&o, "self_error_pct", row->self_error_pct);
    put_pct(&o, "total_pct", row->total_pct);
    put_pct(&o, "total_error_pct", row->total_error_pct);
    return o;
}

/* The biggest functions of a process; see breakdown.h. */
static struct object top_functions(const struct profile *p,
                                   const struct figures *f, uint32_t process)
{
    struct object list = {json_array(), false};
    const struct breakdown_row *rows;
    size_t n = figures_top_functions(f, process, &rows);
    for (size_t i = 0; i < n; i++) {
        struct object o = object_make();
        put_text(&o, "name", p, profile_function_at(p, rows[i].function)->name);
        put_u64(&o, "samples", rows[i].samples);
        put_pct(&o, "pct", summary_pct(rows[i].samples, f->summary.counted));
        append(&list, o);
    }
    return list;
}

static struct object process(const struct profile *p, const struct figures *f,
                             const struct summary_process *row)
{
    const struct profile_process *r = profile_process_at(p, row->process);
    struct object o = object_make();
    put_text(&o, "pid", p, r->pid);
    put_text(&o, "name", p, r->name);
    put_text(&o, "initial_call", p, r->initial_call);
    put_text(&o, "label", p, r->label);
    put_text(&o, "application", p, r->application);
    put_text(&o, "parent", p, r->parent);
    put_u64(&o, "processes", profile_members(p, row->process));
    put_u64(&o, "samples", row->samples);
    put_pct(&o, "pct", row->pct);
    put_pct(&o, "error_pct", row->error_pct);
    put_object(&o, "functions", top_functions(p, f, row->process));
    return o;
}

static struct object group(const struct profile *p, const struct group *g)
{
    const struct profile_process *r = profile_process_at(p, g->process);
    struct object o = object_make();
    put_text(&o, "initial_call", p, r->initial_call);
    put_text(&o, "label", p, r->label);
    put_u64(&o, "processes", g->processes);
    put_u64(&o, "samples", g->samples);
    put_pct(&o, "pct", g->pct);
    put_pct(&o, "error_pct", g->error_pct);
    return o;
}

/* --- the whole ------------------------------------------------------------
 *
 * Written one row at a time, since a tree of all of them takes a hundred times
 * the memory of a recording.
 */

struct stream {
    struct buffer *out;
    struct buffer value; /* being written */
    unsigned depth;      /* of the value being written */
    const char *separator;
    int error;
};

/* The bytes of a value by itself, moved to its depth: every newline is one of
 * the layout, for JSON has none in strings. */
static void add_at_depth(struct stream *s, const struct buffer *value)
{
    const uint8_t *bytes = value->data;
    size_t len = value->len;
    while (len) {
        const uint8_t *newline = memchr(bytes, '\n', len);
        size_t n = newline ? (size_t)(newline - bytes) + 1 : len;
        buffer_add(s->out, bytes, n);
        for (unsigned i = 0; newline && i < s->depth; i++)
            buffer_add(s->out, " ", 1);
        bytes += n;
        len -= n;
    }
}

static void write_value(struct stream *s, struct object o)
{
    const size_t flags =
        JSON_INDENT(1) | JSON_REAL_PRECISION(10) | JSON_ENCODE_ANY;
    buffer_clear(&s->value);
    if (!s->error && (o.bad || !o.json))
        s->error = -ENOMEM;
    if (!s->error)
        s->error = json_dump_add(&s->value, o.json, flags);
    if (!s->error)
        add_at_depth(s, &s->value);
    json_decref(o.json);
}

/* A new line, after the value before it. */
static void next(struct stream *s)
{
    buffer_text(s->out, s->separator);
    for (unsigned i = 0; i < s->depth; i++)
        buffer_add(s->out, " ", 1);
    s->separator = ",\n";
}

static void write_key(struct stream *s, const char *key)
{
    next(s);
    buffer_printf(s->out, "\"%s\": ", key);
}

static void write_member(struct stream *s, const char *key, struct object o)
{
    write_key(s, key);
    write_value(s, o);
}

static void begin_list(struct stream *s, const char *key)
{
    write_key(s, key);
    s->separator = "[\n";
    s->depth++;
}

static void write_item(struct stream *s, struct object o)
{
    next(s);
    write_value(s, o);
}

static void end_list(struct stream *s)
{
    bool empty = s->separator[0] == '[';
    s->depth--;
    s->separator = "\n";
    if (empty)
        buffer_text(s->out, "[");
    else
        next(s);
    buffer_text(s->out, "]");
    s->separator = ",\n";
}

static void write_lists(struct stream *s, const struct profile *p,
                        const struct figures *f)
{
    begin_list(s, "functions");
    for (size_t i = 0; i < f->summary.function_count && !s->error; i++)
        write_item(s, function(p, &f->summary.functions[i]));
    end_list(s);
    begin_list(s, "processes");
    for (size_t i = 0; i < f->summary.process_count && !s->error; i++)
        write_item(s, process(p, f, &f->summary.processes[i]));
    end_list(s);
    begin_list(s, "process_groups");
    for (size_t i = 0; i < f->groups.count && !s->error; i++)
        if (f->groups.rows[i].together)
            write_item(s, group(p, &f->groups.rows[i]));
    end_list(s);
}

static int write_json(const struct profile *p, const struct format_options *o,
                      struct buffer *out)
{
    (void)o;
    struct figures f;
    struct stream s = {.out = out, .depth = 1, .separator = "{\n"};
    int err = figures_compute(p, &f);
    if (err)
        return err;
    buffer_init(&s.value, BUFFER_DEFAULT_MAX);
    write_member(&s, "version", (struct object){json_integer(1), false});
    write_member(&s, "meta", meta(p, &f));
    write_member(&s, "counters", counters(p));
    write_member(&s, "states", states(&f.summary));
    write_member(&s, "states_pct", states_pct(&f));
    write_member(&s, "idle", idle_parts(&f.summary));
    write_member(&s, "leaf_kinds", leaf_kinds(&f.summary));
    write_member(&s, "leaf_kinds_pct", leaf_kinds_pct(&f.summary));
    write_lists(&s, p, &f);
    buffer_deinit(&s.value);
    figures_deinit(&f);
    buffer_text(out, "\n}\n");
    return s.error ? s.error : buffer_status(out);
}

const struct format format_json = {
    .name = "json",
    .extension = ".json",
    .write = write_json,
    .write_diff = diff_json_write,
};
