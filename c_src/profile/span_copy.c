#include "profile/span_copy.h"

#include "profile/span_times.h"

/* Parents come first, so they already have their new ids. */
int span_copy(const struct profile *from, struct profile *to, const bool *kept,
              uint32_t *ids)
{
    for (uint32_t i = 1; i < profile_span_count(from); i++) {
        const struct profile_span *s = profile_span_at(from, i);
        if (kept && !kept[i])
            continue;
        int64_t id =
            profile_span(to, ids[s->parent], profile_text(from, s->name));
        if (id < 0)
            return (int)id;
        ids[i] = (uint32_t)id;
    }
    return 0;
}

static int copy_totals(const struct span_times *from, struct span_times *to,
                       const bool *of, const uint32_t *ids)
{
    int err = 0;
    for (uint32_t i = 0; i < from->totals.len && !err; i++) {
        struct span_total t = ((const struct span_total *)from->totals.rows)[i];
        if (of && !of[t.span])
            continue;
        t.span = ids[t.span];
        err = span_times_add(to, &t);
    }
    return err;
}

int span_copy_times(const struct profile *from, struct profile *to,
                    const bool *of, const uint32_t *ids)
{
    const struct span_times *t = profile_span_times(from);
    struct span_times *sum = profile_span_times_edit(to);
    const struct span_duration *d = t->durations.rows;
    int err = copy_totals(t, sum, of, ids);
    for (uint32_t i = 0; i < t->durations.len && !err; i++)
        if (!of || of[d[i].span])
            err = span_times_add_durations(sum, ids[d[i].span], d[i].bucket,
                                           d[i].count);
    return err;
}
