#include "formats/owners.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/add.h"
#include "formats/text_parts.h"

struct weighed {
    uint64_t samples;
    uint32_t id;
};

static size_t possible(const struct profile *p, enum format_by by)
{
    return by == FORMAT_BY_SCHEDULER ? profile_thread_count(p)
                                     : profile_process_count(p);
}

static uint32_t id_of(const struct owners *o, const struct profile_sample *s)
{
    return o->by == FORMAT_BY_SCHEDULER ? s->thread : s->process;
}

static int by_samples(const void *a, const void *b)
{
    const struct weighed *x = a, *y = b;
    if (x->samples != y->samples)
        return x->samples > y->samples ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static void weigh(const struct owners *o, struct weighed *all, size_t n)
{
    for (uint32_t i = 0; i < n; i++)
        all[i] = (struct weighed){0, i};
    for (size_t i = 0; i < profile_sample_count(o->p); i++) {
        const struct profile_sample *s = profile_sample_at(o->p, i);
        uint32_t id = id_of(o, s);
        if (profile_counts(o->p, s->state) && id != PROFILE_NONE)
            add_capped(&all[id].samples, profile_weight(o->p, i));
    }
    qsort(all, n, sizeof(*all), by_samples);
}

/* all is sorted by samples, the biggest first. */
static void divide(struct owners *o, const struct weighed *all, size_t n)
{
    size_t used = 0;
    while (used < n && all[used].samples > 0)
        used++;
    o->alone = (uint32_t)(used <= OWNERS_ALONE ? used : OWNERS_ALONE);
    for (uint32_t i = 0; i < n; i++) {
        o->of[all[i].id] = i < o->alone ? i : o->alone;
        if (i < o->alone)
            o->id[i] = all[i].id;
        else if (i < used)
            o->others += o->by == FORMAT_BY_SCHEDULER
                             ? 1
                             : profile_members(o->p, all[i].id);
    }
    o->others_at = o->alone;
    o->none_at = o->alone + 1;
    o->apart_at = o->alone + 2;
    o->count = o->alone + 3;
}

int owners_make(const struct profile *p, enum format_by by, struct owners *out)
{
    size_t n = possible(p, by);
    struct weighed *all = malloc((n + 1) * sizeof(*all));
    struct owners o = {
        .p = p,
        .by = by,
        .of = calloc(n + 1, sizeof(*o.of)),
        .id = calloc(OWNERS_ALONE, sizeof(*o.id)),
    };
    if (!all || !o.of || !o.id) {
        free(all);
        owners_deinit(&o);
        return -ENOMEM;
    }
    weigh(&o, all, n);
    divide(&o, all, n);
    free(all);
    *out = o;
    return 0;
}

void owners_deinit(struct owners *o)
{
    free(o->of);
    free(o->id);
    *o = (struct owners){0};
}

uint32_t owners_of(const struct owners *o, const struct profile_sample *s)
{
    uint32_t id = id_of(o, s);
    if (!profile_counts(o->p, s->state))
        return o->apart_at;
    return id == PROFILE_NONE ? o->none_at : o->of[id];
}

/* --- names ---------------------------------------------------------------- */

/* Appends the text, after a space unless it is the first since `start`. */
static void word(struct buffer *out, size_t start, const char *text)
{
    if (*text == '\0')
        return;
    if (out->len > start)
        buffer_text(out, " ");
    text_cell_add(out, text, 0);
}

static void process_name(const struct owners *o, uint32_t id,
                         struct buffer *out)
{
    const struct profile_process *q = profile_process_at(o->p, id);
    uint64_t members = profile_members(o->p, id);
    size_t start = out->len;
    if (members > 1) {
        text_cell_number(out, members);
        buffer_text(out, " processes");
    }
    word(out, start, profile_text(o->p, q->pid));
    word(out, start, profile_text(o->p, q->name));
    word(out, start, profile_text(o->p, q->label));
    word(out, start, profile_text(o->p, q->initial_call));
    if (out->len == start)
        buffer_text(out, "(a process without a pid)");
}

static void thread_name(const struct owners *o, uint32_t id, struct buffer *out)
{
    const struct profile_thread *t = profile_thread_at(o->p, id);
    text_cell_add(out, profile_text(o->p, t->name), 0);
    buffer_printf(out, " (tid %u)", t->tid);
}

void owners_name(const struct owners *o, uint32_t owner, struct buffer *out)
{
    bool threads = o->by == FORMAT_BY_SCHEDULER;
    if (owner == o->apart_at) {
        buffer_text(out, "[idle]: in no percentage");
    } else if (owner == o->none_at) {
        buffer_text(out, threads ? "no thread recorded" : "no process");
    } else if (owner == o->others_at) {
        text_cell_number(out, o->others);
        buffer_text(out, threads ? " other thread" : " other process");
        if (o->others != 1)
            buffer_text(out, threads ? "s" : "es");
    } else if (threads) {
        thread_name(o, o->id[owner], out);
    } else {
        process_name(o, o->id[owner], out);
    }
}
