#include "recorder/flight_spans.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/add.h"
#include "profile/span_copy.h"
#include "profile/span_times.h"

void flight_spans_init(struct flight_spans *s)
{
    intern_init(&s->rows, sizeof(struct flight_span),
                offsetof(struct flight_span, unused));
}

void flight_spans_deinit(struct flight_spans *s)
{
    intern_deinit(&s->rows);
}

int flight_spans_add(struct flight_spans *s, const struct flight_span *row)
{
    struct flight_span key = *row;
    key.count = key.ns = 0;
    int64_t id = intern_row(&s->rows, &key);
    if (id < 0)
        return (int)id;
    struct flight_span *sum = (struct flight_span *)s->rows.rows + id;
    add_capped(&sum->count, row->count);
    add_capped(&sum->ns, row->ns);
    return 0;
}

static bool is_in(const struct flight_span *row, const struct flight_part *part)
{
    return row->end_s >= part->first && row->start_s <= part->last;
}

/* The ids in `to` of the spans of a part, by their ids in `from`. NULL, with
 * *err. */
static uint32_t *new_ids(const struct flight_spans *s,
                         const struct flight_part *part,
                         const struct profile *from, struct profile *to,
                         int *err)
{
    size_t spans = profile_span_count(from);
    const struct flight_span *rows = s->rows.rows;
    uint32_t *ids = calloc(spans, sizeof(*ids));
    bool *kept = calloc(spans, sizeof(*kept));
    *err = ids && kept ? 0 : -ENOMEM;
    for (uint32_t i = 0; i < s->rows.len && !*err; i++)
        kept[rows[i].span] |= is_in(&rows[i], part);
    for (size_t i = spans; i-- > 1 && !*err;)
        if (kept[i])
            kept[profile_span_at(from, (uint32_t)i)->parent] = true;
    if (!*err)
        *err = span_copy(from, to, kept, ids);
    free(kept);
    if (!*err)
        return ids;
    free(ids);
    return NULL;
}

/* --- a part --------------------------------------------------------------- */

static int copy_row(const struct flight_span *row,
                    const struct flight_part *part, uint32_t span,
                    struct span_times *to)
{
    bool ended = row->end_s <= part->last && !row->unknown;
    bool cut = !ended || row->start_s < part->first;
    const struct span_total total = {.span = span,
                                     .ended = ended ? row->count : 0,
                                     .ns = ended ? row->ns : 0,
                                     .cut = cut ? row->count : 0};
    int err = span_times_add(to, &total);
    return err || !ended
               ? err
               : span_times_add_durations(to, span, row->bucket, row->count);
}

int flight_spans_copy(const struct flight_spans *s,
                      const struct flight_part *part,
                      const struct profile *from, struct profile *to)
{
    const struct flight_span *rows = s->rows.rows;
    int err;
    uint32_t *ids = new_ids(s, part, from, to, &err);
    for (uint32_t i = 0; i < s->rows.len && !err; i++)
        if (is_in(&rows[i], part))
            err = copy_row(&rows[i], part, ids[rows[i].span],
                           profile_span_times_edit(to));
    free(ids);
    return err;
}

/* --- another profile ------------------------------------------------------ */

int flight_spans_renew(struct flight_spans *s, uint32_t first,
                       const struct profile *from, struct profile *to)
{
    const struct flight_part rest = {first, UINT32_MAX};
    const struct flight_span *rows = s->rows.rows;
    struct flight_spans fresh;
    int err;
    uint32_t *ids = new_ids(s, &rest, from, to, &err);
    flight_spans_init(&fresh);
    for (uint32_t i = 0; i < s->rows.len && !err; i++) {
        struct flight_span row = rows[i];
        row.span = ids[row.span];
        if (is_in(&row, &rest))
            err = flight_spans_add(&fresh, &row);
    }
    free(ids);
    struct flight_spans *old = err ? &fresh : s;
    flight_spans_deinit(old);
    if (!err)
        *s = fresh;
    return err;
}
