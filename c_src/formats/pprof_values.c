#include "formats/pprof_values.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void take(struct pprof_values *v, size_t at)
{
    if (v->count < PROFILE_MAX_VALUES)
        v->at[v->count++] = at;
}

/* The first value with that unit; if there is none, the number of values. */
static size_t first_of(const struct pprof_tables *t, const Pprof__Profile *head,
                       const char *unit)
{
    size_t i = 0;
    while (i < head->n_sample_type &&
           !pprof_tables_is(t, head->sample_type[i]->unit, unit))
        i++;
    return i;
}

/* If the file has times but no counts, the first value is the number of
 * samples, computed from the times and the period; the times follow. */
static void order_foreign(const struct pprof_tables *t,
                          const Pprof__Profile *head, struct pprof_values *v)
{
    size_t counts = first_of(t, head, VALUE_SAMPLES.unit);
    size_t times = first_of(t, head, VALUE_CPU.unit);
    v->derived = counts == v->in_file && times < v->in_file;
    if (v->derived && head->period > 0)
        v->per_sample = (uint64_t)head->period;
    size_t first = counts < v->in_file ? counts : v->derived ? times : 0;
    take(v, first);
    for (size_t i = 0; i < v->in_file; i++)
        if (i != first || v->derived)
            take(v, i);
}

/* The events of a recording of ours have their values one after another. */
static int divide(const struct pprof_tables *t, struct pprof_values *v)
{
    const struct pprof_comments *c = &t->comments;
    size_t others = 0;
    for (size_t i = 0; i < c->event_count; i++)
        others += c->events[i].values;
    if (c->event_count && (!c->own || c->event_count >= EVENT_COUNT ||
                           others >= v->in_file || v->in_file > v->count))
        return -E_FORMAT;
    v->parts[0] = (struct pprof_part){t->p, 0, v->count - others};
    for (size_t i = 0; i < c->event_count; i++)
        v->parts[i + 1] = (struct pprof_part){
            c->events[i].p, v->parts[i].first + v->parts[i].count,
            c->events[i].values};
    v->part_count = c->event_count + 1;
    return 0;
}

/* Without the name of the event, which format_pprof.c may have put before it.
 */
static const char *own_name(enum event event, const char *name)
{
    size_t len = strlen(event_name(event));
    bool has = strncmp(name, event_name(event), len) == 0 && name[len] == '_';
    return has ? name + len + 1 : name;
}

/* Of the i-th event. */
static int set_types(struct pprof_tables *t, const Pprof__Profile *head,
                     const struct pprof_values *v, size_t i)
{
    struct value_texts types[PROFILE_MAX_VALUES];
    const struct pprof_part *part = &v->parts[i];
    for (size_t k = 0; k < part->count; k++) {
        const Pprof__ValueType *type =
            head->sample_type[v->at[part->first + k]];
        int64_t name = pprof_tables_text(t, type->type);
        int64_t unit = pprof_tables_text(t, type->unit);
        if (name < 0 || unit < 0)
            return (int)(name < 0 ? name : unit);
        types[k].name = profile_text(t->p, (uint32_t)name);
        types[k].unit = profile_text(t->p, (uint32_t)unit);
        if (i > 0)
            types[k].name =
                own_name(t->comments.events[i - 1].event, types[k].name);
    }
    if (v->derived)
        types[0] = VALUE_SAMPLES;
    return profile_set_values(part->p, types, part->count);
}

/* Are the events what the comments say, in the order of events? */
static bool are_events(const struct pprof_comments *c, const struct profile *p)
{
    enum event before = profile_event(p);
    for (size_t i = 0; i < c->event_count; i++) {
        const struct pprof_event *e = &c->events[i];
        if (profile_event(e->p) != e->event || e->event <= before)
            return false;
        before = e->event;
    }
    return true;
}

static int set_all_types(struct pprof_tables *t, const Pprof__Profile *head,
                         struct pprof_values *v)
{
    int err = divide(t, v);
    for (size_t i = 0; i < v->part_count && !err; i++)
        err = set_types(t, head, v, i);
    return err || are_events(&t->comments, t->p) ? err : -E_FORMAT;
}

int pprof_values_choose(struct pprof_tables *t, const Pprof__Profile *head,
                        struct pprof_values *out)
{
    struct pprof_values v = {.in_file = head->n_sample_type, .per_sample = 1};
    for (size_t i = 0; i < v.in_file; i++)
        if (!pprof_tables_raw(t, head->sample_type[i]->type) ||
            !pprof_tables_raw(t, head->sample_type[i]->unit))
            return -E_FORMAT;
    if (v.in_file == 0)
        return -E_FORMAT;
    if (!t->comments.own)
        order_foreign(t, head, &v);
    else
        for (size_t i = 0; i < v.in_file; i++)
            take(&v, i);
    *out = v;
    return set_all_types(t, head, out);
}

int pprof_values_get(struct pprof_values *v, const Pprof__Sample *s, bool own,
                     uint64_t values[PROFILE_MAX_VALUES])
{
    if (s->n_value != v->in_file)
        return -E_FORMAT;
    for (size_t i = 0; i < v->count; i++) {
        int64_t value = s->value[v->at[i]];
        bool negative = value < 0 && !own;
        v->negative += negative;
        values[i] = negative ? 0 : (uint64_t)value;
    }
    if (v->per_sample == 1)
        return 0;
    uint64_t whole = values[0] % v->per_sample + v->left;
    values[0] = values[0] / v->per_sample + whole / v->per_sample;
    v->left = whole % v->per_sample;
    return 0;
}

int pprof_values_note_lost(const struct pprof_values *v, struct profile *p)
{
    char line[160];
    int err = 0;
    if (v->negative) {
        snprintf(line, sizeof(line),
                 "%" PRIu64 " values below 0 were taken as 0; the file is a "
                 "difference of profiles",
                 v->negative);
        err = profile_note(p, line);
    }
    if (!err && v->in_file + v->derived > v->count) {
        snprintf(line, sizeof(line),
                 "%zu kinds of values are in the file; %zu of them are kept",
                 v->in_file, v->count - v->derived);
        err = profile_note(p, line);
    }
    return err;
}

static void add_text(struct buffer *out, const struct pprof_text *text)
{
    enum { SHOWN = 60 };
    buffer_add(out, text->at, text->len < SHOWN ? text->len : SHOWN);
}

int pprof_values_note(const struct pprof_tables *t, const Pprof__Profile *head,
                      const struct pprof_values *v)
{
    const Pprof__ValueType *type = head->sample_type[v->at[0]];
    struct buffer line;
    buffer_init(&line, BUFFER_DEFAULT_MAX);
    buffer_text(&line, "read from a pprof file that cprof did not write: all "
                       "frames are shown as native, and as a sample ");
    if (v->per_sample > 1)
        buffer_printf(&line, "every %" PRIu64 " ", v->per_sample);
    else
        buffer_text(&line, "each ");
    add_text(&line, pprof_tables_raw(t, type->unit));
    buffer_text(&line, " of its value ");
    add_text(&line, pprof_tables_raw(t, type->type));
    buffer_add(&line, "", 1);
    int err = buffer_status(&line);
    if (!err)
        err = profile_note(t->p, (const char *)line.data);
    buffer_deinit(&line);
    return err;
}
