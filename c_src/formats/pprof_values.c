#include "formats/pprof_values.h"

#include <inttypes.h>

int pprof_values_choose(const struct pprof_tables *t,
                        const Pprof__Profile *head, struct pprof_values *out)
{
    struct pprof_values v = {
        .count = (int)head->n_sample_type,
        .count_at = PPROF_NO_VALUE,
        .cpu_at = PPROF_NO_VALUE,
        .per_sample = 1,
    };
    for (int i = v.count; i-- > 0;) {
        const Pprof__ValueType *type = head->sample_type[i];
        if (!pprof_tables_raw(t, type->type) ||
            !pprof_tables_raw(t, type->unit))
            return -E_FORMAT;
        if (pprof_tables_is(t, type->unit, "count"))
            v.count_at = i;
        else if (pprof_tables_is(t, type->unit, "nanoseconds"))
            v.cpu_at = i;
    }
    if (v.count_at == PPROF_NO_VALUE && v.cpu_at != PPROF_NO_VALUE &&
        head->period > 0)
        v.per_sample = (uint64_t)head->period;
    if (v.count_at == PPROF_NO_VALUE)
        v.count_at = v.cpu_at == PPROF_NO_VALUE ? 0 : v.cpu_at;
    *out = v;
    return v.count > 0 ? 0 : -E_FORMAT;
}

int pprof_values_get(const struct pprof_values *v, const Pprof__Sample *s,
                     int at, int64_t *value)
{
    *value = 0;
    if (at == PPROF_NO_VALUE)
        return 0;
    if ((int)s->n_value != v->count)
        return -E_FORMAT;
    *value = s->value[at];
    return 0;
}

static void add_text(struct buffer *out, const struct pprof_text *text)
{
    enum { SHOWN = 60 };
    buffer_add(out, text->at, text->len < SHOWN ? text->len : SHOWN);
}

int pprof_values_note(const struct pprof_tables *t, const Pprof__Profile *head,
                      const struct pprof_values *v)
{
    const Pprof__ValueType *type = head->sample_type[v->count_at];
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
