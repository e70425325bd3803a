#include "profile/filter_spans.h"

#include <errno.h>
#include <stdlib.h>

#include "profile/span_copy.h"
#include "profile/span_name.h"
#include "profile/span_times.h"

bool *filter_spans_chosen(const struct profile *p, const struct filter *f)
{
    bool *chosen = calloc(profile_span_count(p), sizeof(*chosen));
    if (!chosen)
        return NULL;
    chosen[0] = f->span_count == 0;
    for (uint32_t i = 1; i < profile_span_count(p); i++) {
        const struct profile_span *s = profile_span_at(p, i);
        chosen[i] =
            chosen[s->parent] ||
            span_name_is_any(profile_text(p, s->name), f->spans, f->span_count);
    }
    return chosen;
}

/* A part of the processes or of the time has some of the spans, and it is not
 * known which. */
static bool are_times_known(const struct filter *f)
{
    return !f->process_count && !f->thread_count && !f->scheduler_count &&
           !f->from_ns && !f->to_ns;
}

static void keep_with_times(const struct profile *p, const bool *chosen,
                            bool *kept)
{
    const struct span_times *t = profile_span_times(p);
    for (uint32_t i = 0; i < t->totals.len; i++) {
        uint32_t span = ((const struct span_total *)t->totals.rows)[i].span;
        kept[span] |= chosen[span];
    }
}

int filter_spans_copy(const struct profile *from, struct profile *to,
                      const struct filter *f, bool *kept, uint32_t *new_ids)
{
    if (profile_span_count(from) == 1)
        return 0;
    bool known = are_times_known(f);
    bool *chosen = filter_spans_chosen(from, f);
    if (!chosen)
        return -ENOMEM;
    if (known)
        keep_with_times(from, chosen, kept);
    for (size_t i = profile_span_count(from); i-- > 1;)
        if (kept[i])
            kept[profile_span_at(from, (uint32_t)i)->parent] = true;
    int err = span_copy(from, to, kept, new_ids);
    if (!err && known)
        err = span_copy_times(from, to, chosen, new_ids);
    free(chosen);
    return err;
}
