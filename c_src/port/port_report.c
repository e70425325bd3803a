/*
 * A recording's result as a term: the JSON report (formats/format_json.c) as
 * maps with atom keys, and the recording itself. Strings are binaries, but a
 * kind is an atom; JSON's null is nil.
 */
#include "port/port.h"

#include <string.h>

#include "port/port_encode.h"
#include "profile/figures.h"

static void key_text(struct port_encoder *e, const char *key, const char *text)
{
    port_encode_atom(e, key);
    port_encode_text(e, text);
}

static void key_unsigned(struct port_encoder *e, const char *key,
                         uint64_t value)
{
    port_encode_atom(e, key);
    port_encode_unsigned(e, value);
}

static void key_real(struct port_encoder *e, const char *key, double value)
{
    port_encode_atom(e, key);
    port_encode_real(e, value);
}

static void key_boolean(struct port_encoder *e, const char *key, bool value)
{
    port_encode_atom(e, key);
    port_encode_boolean(e, value);
}

/* meta.notes is one text of lines; a list of them is easier to read. */
static void key_notes(struct port_encoder *e, const char *notes)
{
    size_t count = 0;
    for (const char *at = notes; *at; at += strspn(at, "\n")) {
        count++;
        at += strcspn(at, "\n");
    }
    port_encode_atom(e, "notes");
    port_encode_list(e, count);
    for (const char *at = notes; *at; at += strspn(at, "\n")) {
        size_t len = strcspn(at, "\n");
        port_encode_bytes(e, at, len);
        at += len;
    }
    port_encode_list_end(e);
}

static void meta(struct port_encoder *e, const struct profile *p,
                 const struct figures *f)
{
    const struct summary *s = &f->summary;
    const struct profile_meta *m = profile_meta(p);
    port_encode_map(e, 25);
    key_text(e, "host", profile_text(p, m->host));
    key_text(e, "os", profile_text(p, m->os));
    key_text(e, "node", profile_text(p, m->node));
    key_text(e, "otp", profile_text(p, m->otp));
    key_text(e, "erts", profile_text(p, m->erts));
    key_text(e, "command", profile_text(p, m->command));
    key_text(e, "engine", profile_text(p, m->engine));
    key_text(e, "event", profile_text(p, m->event));
    key_text(e, "cprof", profile_text(p, m->version));
    key_notes(e, profile_text(p, m->notes));
    key_unsigned(e, "pid", m->pid);
    key_boolean(e, "jit", m->jit);
    key_boolean(e, "kernel_included", m->kernel_included);
    key_unsigned(e, "rate_asked", m->rate_asked);
    key_real(e, "rate_reached", s->rate_reached);
    key_unsigned(e, "started_unix_ns", m->started_unix_ns);
    key_unsigned(e, "duration_ns", m->duration_ns);
    key_unsigned(e, "cpu_used_ns", m->used_ns);
    key_unsigned(e, "cpu_seen_ns", m->seen_ns);
    key_unsigned(e, "bucket_ns", m->bucket_ns);
    key_unsigned(e, "samples", s->samples);
    key_unsigned(e, "cpu_ns", s->cpu_ns);
    key_unsigned(e, "counted", s->counted);
    key_unsigned(e, "schedulers", m->schedulers);
    key_real(e, "max_error_pct", figures_max_error_pct(f));
}

static void counters(struct port_encoder *e, const struct profile *p)
{
    const struct profile_counters *c = profile_counters(p);
#define X(name, kind, text) +1
    port_encode_map(e, 0 PROFILE_COUNTERS(X));
#undef X
#define X(name, kind, text) key_unsigned(e, #name, c->name);
    PROFILE_COUNTERS(X)
#undef X
}

static void states(struct port_encoder *e, const struct summary *s)
{
    port_encode_map(e, STATE_COUNT);
    for (int i = 0; i < STATE_COUNT; i++)
        key_unsigned(e, state_name((enum sample_state)i), s->by_state[i]);
}

static void states_pct(struct port_encoder *e, const struct figures *f)
{
    port_encode_map(e, STATE_COUNT);
    for (int i = 0; i < STATE_COUNT; i++)
        key_real(e, state_name((enum sample_state)i),
                 figures_state_pct(f, (enum sample_state)i));
}

static void idle_parts(struct port_encoder *e, const struct summary *s)
{
    port_encode_map(e, IDLE_PART_COUNT);
    for (int i = 0; i < IDLE_PART_COUNT; i++)
        key_unsigned(e, idle_part_name((enum idle_part)i), s->by_idle_part[i]);
}

static void leaf_kinds_pct(struct port_encoder *e, const struct summary *s)
{
    port_encode_map(e, FRAME_KIND_COUNT);
    for (int i = 0; i < FRAME_KIND_COUNT; i++)
        key_real(e, frame_kind_name((enum frame_kind)i),
                 summary_pct(s->by_leaf_kind[i], s->counted));
}

static void leaf_kinds(struct port_encoder *e, const struct summary *s)
{
    port_encode_map(e, FRAME_KIND_COUNT);
    for (int i = 0; i < FRAME_KIND_COUNT; i++)
        key_unsigned(e, frame_kind_name((enum frame_kind)i),
                     s->by_leaf_kind[i]);
}

static void function(struct port_encoder *e, const struct profile *p,
                     const struct summary_function *f)
{
    const struct profile_function *of = profile_function_at(p, f->function);
    port_encode_map(e, 13);
    key_text(e, "name", profile_text(p, of->name));
    key_text(e, "module", profile_text(p, of->module));
    key_text(e, "function", profile_text(p, of->function));
    port_encode_atom(e, "arity");
    if (of->arity == FRAME_NO_ARITY)
        port_encode_atom(e, "nil");
    else
        port_encode_integer(e, of->arity);
    port_encode_atom(e, "kind");
    port_encode_atom(e, frame_kind_name(of->kind));
    key_text(e, "file", profile_text(p, of->file));
    key_unsigned(e, "line", f->line);
    key_unsigned(e, "self", f->self);
    key_unsigned(e, "total", f->total);
    key_real(e, "self_pct", f->self_pct);
    key_real(e, "total_pct", f->total_pct);
    key_real(e, "self_error_pct", f->self_error_pct);
    key_real(e, "total_error_pct", f->total_error_pct);
}

static void functions(struct port_encoder *e, const struct profile *p,
                      const struct summary *s)
{
    port_encode_list(e, s->function_count);
    for (size_t i = 0; i < s->function_count; i++)
        function(e, p, &s->functions[i]);
    port_encode_list_end(e);
}

static void top_functions(struct port_encoder *e, const struct profile *p,
                          const struct figures *f, uint32_t id)
{
    const struct breakdown_row *rows;
    size_t n = figures_top_functions(f, id, &rows);
    port_encode_list(e, n);
    for (size_t i = 0; i < n; i++) {
        uint32_t name = profile_function_at(p, rows[i].function)->name;
        port_encode_map(e, 3);
        key_text(e, "name", profile_text(p, name));
        key_unsigned(e, "samples", rows[i].samples);
        key_real(e, "pct", summary_pct(rows[i].samples, f->summary.counted));
    }
    port_encode_list_end(e);
}

static void process(struct port_encoder *e, const struct profile *p,
                    const struct figures *f, const struct summary_process *row)
{
    const struct profile_process *of = profile_process_at(p, row->process);
    port_encode_map(e, 11);
    key_text(e, "pid", profile_text(p, of->pid));
    key_text(e, "name", profile_text(p, of->name));
    key_text(e, "initial_call", profile_text(p, of->initial_call));
    key_text(e, "label", profile_text(p, of->label));
    key_text(e, "application", profile_text(p, of->application));
    key_text(e, "parent", profile_text(p, of->parent));
    key_unsigned(e, "processes", profile_members(p, row->process));
    key_unsigned(e, "samples", row->samples);
    key_real(e, "pct", row->pct);
    key_real(e, "error_pct", row->error_pct);
    port_encode_atom(e, "functions");
    top_functions(e, p, f, row->process);
}

static void processes(struct port_encoder *e, const struct profile *p,
                      const struct figures *f)
{
    port_encode_list(e, f->summary.process_count);
    for (size_t i = 0; i < f->summary.process_count; i++)
        process(e, p, f, &f->summary.processes[i]);
    port_encode_list_end(e);
}

static void groups(struct port_encoder *e, const struct profile *p,
                   const struct figures *f)
{
    port_encode_list(e, figures_real_groups(f));
    for (size_t i = 0; i < f->groups.count; i++) {
        const struct group *g = &f->groups.rows[i];
        const struct profile_process *of = profile_process_at(p, g->process);
        if (!g->together)
            continue;
        port_encode_map(e, 6);
        key_text(e, "initial_call", profile_text(p, of->initial_call));
        key_text(e, "label", profile_text(p, of->label));
        key_unsigned(e, "processes", g->processes);
        key_unsigned(e, "samples", g->samples);
        key_real(e, "pct", g->pct);
        key_real(e, "error_pct", g->error_pct);
    }
    port_encode_list_end(e);
}

static void report(struct port_encoder *e, const struct profile *p,
                   const struct figures *f)
{
    port_encode_map(e, 11);
    port_encode_atom(e, "version");
    port_encode_integer(e, 1);
    port_encode_atom(e, "meta");
    meta(e, p, f);
    port_encode_atom(e, "counters");
    counters(e, p);
    port_encode_atom(e, "states");
    states(e, &f->summary);
    port_encode_atom(e, "states_pct");
    states_pct(e, f);
    port_encode_atom(e, "idle");
    idle_parts(e, &f->summary);
    port_encode_atom(e, "leaf_kinds");
    leaf_kinds(e, &f->summary);
    port_encode_atom(e, "leaf_kinds_pct");
    leaf_kinds_pct(e, &f->summary);
    port_encode_atom(e, "functions");
    functions(e, p, &f->summary);
    port_encode_atom(e, "processes");
    processes(e, p, f);
    port_encode_atom(e, "process_groups");
    groups(e, p, f);
}

int port_reply_result(struct buffer *out, int64_t ref, const struct profile *p,
                      const void *recording, size_t recording_len)
{
    struct figures f;
    int rc = figures_compute(p, &f);
    if (rc)
        return rc;
    struct port_encoder e;
    port_encode_init(&e);
    port_encode_tuple(&e, 3);
    port_encode_integer(&e, ref);
    port_encode_atom(&e, "ok");
    port_encode_map(&e, 2);
    port_encode_atom(&e, "report");
    report(&e, p, &f);
    port_encode_atom(&e, "recording");
    port_encode_bytes(&e, recording, recording_len);
    figures_deinit(&f);
    return port_encode_finish(&e, out);
}
