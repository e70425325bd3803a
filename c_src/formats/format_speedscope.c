/*
 * speedscope's own JSON (file-format-schema.json of the npm package): a list of
 * frames, and profiles of (stack, weight). The first profile has all counted
 * samples. Then each process (or thread) has a profile of its own. The last one
 * has the samples in states that are not counted. If there are several events,
 * each has such profiles, and their names begin with that of the event. The
 * text is written directly:
 * it is mostly numbers, and a tree of JSON values would take ten times the
 * memory of the file.
 */
#include "formats/format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/add.h"
#include "formats/json_dump.h"
#include "formats/lineless.h"
#include "formats/owners.h"
#include "profile/filter.h"
#include "profile/summary.h"

/* A sample in a profile of the file. Place 0 means "no stack". */
struct entry {
    uint32_t owner, bucket, place, stack;
    uint64_t weight;
};

/* One event. */
struct scope {
    const struct profile *p;
    const char *event; /* before the names of its profiles; or NULL */
    size_t frames_at;  /* where its frames begin in the list of the file */
    const struct format_options *o;
    struct lineless stacks;
    struct owners owners;
    struct summary summary;
    struct entry *entries;
    size_t count;
    uint32_t *path, *lines; /* frames of one stack; lines by function of p */
    uint32_t value;         /* the value type that is the weight */
    bool is_time;           /* the weight is in nanoseconds */
    bool is_bytes;
    bool first; /* the first profile of the file */
    struct buffer *out;
};

/* --- frames --------------------------------------------------------------- */

static void set_lines(struct scope *c)
{
    for (size_t i = 0; i < c->summary.function_count; i++) {
        const struct summary_function *f = &c->summary.functions[i];
        c->lines[f->function] = f->line;
    }
}

static void write_frames(struct scope *c)
{
    uint32_t n = (uint32_t)profile_frame_count(c->stacks.plain);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t id = c->stacks.function[i];
        const struct profile_function *f = profile_function_at(c->p, id);
        const char *file = profile_text(c->p, f->file);
        buffer_text(c->out, "{\"name\":");
        json_dump_text(c->out, profile_text(c->p, f->name));
        if (*file) {
            buffer_text(c->out, ",\"file\":");
            json_dump_text(c->out, file);
        }
        if (c->lines[id])
            buffer_printf(c->out, ",\"line\":%u", c->lines[id]);
        buffer_text(c->out, "},\n");
    }
    buffer_text(c->out, "{\"name\":\"[no stack]\"}");
}

/* With the one for samples without a stack. */
static size_t frame_count(const struct scope *c)
{
    return profile_frame_count(c->stacks.plain) + 1;
}

/* --- entries -------------------------------------------------------------- */

static void choose_weight(struct scope *c)
{
    enum event event = profile_event(c->p);
    c->value = c->o->cpu_weights && event != EVENT_WALL && event != EVENT_ALLOC
                   ? profile_find_value(c->p, VALUE_CPU)
                   : 0;
    const struct profile_value_type *type =
        c->value == PROFILE_NONE ? NULL : profile_value_type_at(c->p, c->value);
    const char *unit = type ? profile_text(c->p, type->unit) : "";
    c->is_time = strcmp(unit, VALUE_CPU.unit) == 0;
    c->is_bytes = strcmp(unit, VALUE_HEAP.unit) == 0;
}

static int gather(struct scope *c)
{
    size_t n = profile_sample_count(c->p);
    c->entries = malloc((n + 1) * sizeof(*c->entries));
    if (!c->entries)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct profile_sample *s = profile_sample_at(c->p, i);
        struct entry e = {
            .owner = owners_of(&c->owners, s),
            .bucket = s->bucket,
            .stack = s->stack,
            .weight = profile_value(c->p, i, c->value),
        };
        if (s->stack != PROFILE_NONE) {
            e.stack = c->stacks.stack[s->stack];
            e.place = c->stacks.place[e.stack] + 1;
        }
        if (e.weight)
            c->entries[c->count++] = e;
    }
    return 0;
}

/* Sorts by time, as far as it is known, then by stack. */
static int by_time(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->bucket != y->bucket)
        return x->bucket < y->bucket ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static int by_owner(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->owner != y->owner)
        return x->owner < y->owner ? -1 : 1;
    return by_time(a, b);
}

/* --- profiles ------------------------------------------------------------- */

static void write_stack(struct scope *c, uint32_t stack)
{
    size_t len = 0;
    for (uint32_t at = stack; at != PROFILE_NONE; len++) {
        const struct profile_stack *s = profile_stack_at(c->stacks.plain, at);
        c->path[len] = s->frame;
        at = s->parent;
    }
    if (len == 0)
        c->path[len++] = (uint32_t)frame_count(c) - 1;
    for (size_t i = len; i-- > 0;) {
        buffer_add(c->out, i == len - 1 ? "[" : ",", 1);
        buffer_decimal(c->out, c->frames_at + c->path[i]);
    }
    buffer_add(c->out, "]", 1);
}

static void write_weight(struct scope *c, uint64_t weight)
{
    if (c->is_time)
        buffer_printf(c->out, "%" PRIu64 ".%03u", weight / 1000,
                      (unsigned)(weight % 1000));
    else
        buffer_decimal(c->out, weight);
}

static bool is_in_all(const struct scope *c, const struct entry *e)
{
    return e->owner != c->owners.apart_at;
}

/* Joins neighbouring entries with the same time and stack. */
static size_t merge(const struct scope *c, const struct entry *from, size_t n,
                    bool all, struct entry *to)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (all && !is_in_all(c, &from[i]))
            continue;
        if (kept && by_time(&to[kept - 1], &from[i]) == 0) {
            add_capped(&to[kept - 1].weight, from[i].weight);
        } else {
            to[kept++] = from[i];
        }
    }
    return kept;
}

static void write_name(struct scope *c, const char *name)
{
    struct buffer whole;
    buffer_init(&whole, BUFFER_DEFAULT_MAX);
    buffer_printf(&whole, "%s%s", c->event ? c->event : "",
                  c->event ? ": " : "");
    buffer_text(&whole, name);
    buffer_add(&whole, "", 1);
    if (buffer_status(&whole) == 0)
        json_dump_text(c->out, (char *)whole.data);
    else
        c->out->failed = true;
    buffer_deinit(&whole);
}

static void write_profile(struct scope *c, const char *name,
                          const struct entry *rows, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        add_capped(&sum, rows[i].weight);
    buffer_printf(c->out,
                  "%s\n{\"type\":\"sampled\",\"name\":", c->first ? "" : ",");
    c->first = false;
    write_name(c, name);
    buffer_printf(c->out, ",\"unit\":\"%s\",\"startValue\":0,\"endValue\":",
                  c->is_time    ? "microseconds"
                  : c->is_bytes ? "bytes"
                                : "none");
    write_weight(c, sum);
    buffer_text(c->out, ",\n\"samples\":[");
    for (size_t i = 0; i < n; i++) {
        buffer_text(c->out, i ? "," : "");
        write_stack(c, rows[i].stack);
    }
    buffer_text(c->out, "],\n\"weights\":[");
    for (size_t i = 0; i < n; i++) {
        buffer_text(c->out, i ? "," : "");
        write_weight(c, rows[i].weight);
    }
    buffer_text(c->out, "]}");
}

static void write_owner(struct scope *c, const struct entry *rows, size_t n)
{
    struct buffer name;
    buffer_init(&name, BUFFER_DEFAULT_MAX);
    owners_name(&c->owners, rows->owner, &name);
    buffer_add(&name, "", 1);
    if (buffer_status(&name) == 0)
        write_profile(c, (char *)name.data, rows, n);
    else
        c->out->failed = true;
    buffer_deinit(&name);
}

static void write_title(struct scope *c)
{
    const struct profile_meta *m = profile_meta(c->p);
    char pid[32] = "recording";
    if (m->pid)
        snprintf(pid, sizeof(pid), "pid %u", m->pid);
    json_dump_text(c->out, m->node ? profile_text(c->p, m->node) : pid);
}

static int write_profiles(struct scope *c)
{
    struct entry *rows = malloc((c->count + 1) * sizeof(*rows));
    if (!rows)
        return -ENOMEM;
    qsort(c->entries, c->count, sizeof(*c->entries), by_time);
    size_t n = merge(c, c->entries, c->count, true, rows);
    write_profile(c, "all processes and threads", rows, n);
    qsort(c->entries, c->count, sizeof(*c->entries), by_owner);
    for (size_t i = 0, end; i < c->count; i = end) {
        for (end = i;
             end < c->count && c->entries[end].owner == c->entries[i].owner;)
            end++;
        n = merge(c, c->entries + i, end - i, false, rows);
        write_owner(c, rows, n);
    }
    free(rows);
    return 0;
}

/* --- the file ------------------------------------------------------------- */

static int scope_init(struct scope *c)
{
    size_t depth = 1;
    for (uint32_t i = 0; i < profile_stack_count(c->p); i++)
        if (profile_stack_at(c->p, i)->depth > depth)
            depth = profile_stack_at(c->p, i)->depth;
    c->path = malloc(depth * sizeof(*c->path));
    c->lines = calloc(profile_function_count(c->p) + 1, sizeof(*c->lines));
    int err = c->path && c->lines ? 0 : -ENOMEM;
    err = err ? err : lineless_make(c->p, &c->stacks);
    err = err ? err : owners_make(c->p, c->o->by, &c->owners);
    err = err ? err : summary_compute(c->p, &c->summary);
    return err ? err : gather(c);
}

static void scope_deinit(struct scope *c)
{
    lineless_deinit(&c->stacks);
    owners_deinit(&c->owners);
    summary_deinit(&c->summary);
    free(c->entries);
    free(c->path);
    free(c->lines);
}

static const char *exporter(const struct scope *c, char *text, size_t size)
{
    snprintf(text, size, "cprof %s",
             profile_text(c->p, profile_meta(c->p)->version));
    return text;
}

static int write_file(struct scope *list, size_t n)
{
    char name[64];
    struct buffer *out = list->out;
    int err = 0;
    buffer_text(out, "{\"$schema\":\"https://www.speedscope.app/"
                     "file-format-schema.json\",\n\"exporter\":");
    json_dump_text(out, exporter(list, name, sizeof(name)));
    buffer_text(out, ",\n\"name\":");
    write_title(list);
    buffer_text(out, ",\"activeProfileIndex\":0,\n\"shared\":{\"frames\":[");
    for (size_t i = 0; i < n; i++) {
        buffer_text(out, i ? ",\n" : "");
        set_lines(&list[i]);
        write_frames(&list[i]);
    }
    buffer_text(out, "]},\n\"profiles\":[");
    for (size_t i = 0; i < n && !err; i++)
        err = write_profiles(&list[i]);
    buffer_text(out, "]}\n");
    return err ? err : buffer_status(out);
}

static int write_parts(const struct filter_parts *parts,
                       const struct format_options *o, struct buffer *out)
{
    struct scope list[EVENT_COUNT] = {{.p = NULL}};
    size_t frames_at = 0;
    int err = 0;
    for (size_t i = 0; i < parts->count && !err; i++) {
        const struct profile *p = parts->list[i];
        list[i] = (struct scope){
            .p = p,
            .event = parts->count > 1 ? event_title(profile_event(p)) : NULL,
            .frames_at = frames_at,
            .o = o,
            .first = i == 0,
            .out = out};
        choose_weight(&list[i]);
        err = scope_init(&list[i]);
        frames_at += err ? 0 : frame_count(&list[i]);
    }
    if (!err)
        err = write_file(list, parts->count);
    for (size_t i = 0; i < parts->count; i++)
        scope_deinit(&list[i]);
    return err;
}

static int write_speedscope(const struct profile *p,
                            const struct format_options *o, struct buffer *out)
{
    static const struct format_options usual = {0};
    struct filter_parts parts;
    int err = filter_split(p, &parts);
    if (err)
        return err;
    err = write_parts(&parts, o ? o : &usual, out);
    filter_parts_deinit(&parts);
    return err;
}

const struct format format_speedscope = {
    .name = "speedscope",
    .extension = ".speedscope.json",
    .write = write_speedscope,
};
