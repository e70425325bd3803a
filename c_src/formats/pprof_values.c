#include "formats/pprof_values.h"

#include <inttypes.h>
#include <stdio.h>

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

static int set_types(struct pprof_tables *t, const Pprof__Profile *head,
                     const struct pprof_values *v)
{
    struct value_texts types[PROFILE_MAX_VALUES];
    for (size_t i = 0; i < v->count; i++) {
        const Pprof__ValueType *type = head->sample_type[v->at[i]];
        int64_t name = pprof_tables_text(t, type->type);
        int64_t unit = pprof_tables_text(t, type->unit);
        if (name < 0 || unit < 0)
            return (int)(name < 0 ? name : unit);
        types[i].name = profile_text(t->p, (uint32_t)name);
        types[i].unit = profile_text(t->p, (uint32_t)unit);
    }
    if (v->derived)
        types[0] = VALUE_SAMPLES;
    return profile_set_values(t->p, types, v->count);
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
    return set_types(t, head, out);
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
