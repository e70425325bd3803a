#include "report/figures.h"

#include <errno.h>
#include <stdlib.h>

#include "base/add.h"

static int by_process(const struct profile *p, struct breakdown *out)
{
    size_t n = profile_process_count(p);
    uint32_t *itself = malloc((n + 1) * sizeof(*itself));
    if (!itself)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++)
        itself[i] = i;
    int err = breakdown_compute(p, itself, n, out);
    free(itself);
    return err;
}

int figures_compute(const struct profile *p, struct figures *out)
{
    struct figures f = {0};
    int err = summary_compute(p, &f.summary);
    if (!err)
        err = groups_compute(p, &f.summary, &f.groups);
    if (!err)
        err = by_process(p, &f.breakdown);
    if (!err)
        err = waits_find(p, &f.waits);
    if (!err)
        err = blocks_find(p, &f.blocks);
    if (!err)
        err = garbage_find(p, &f.garbage);
    if (err)
        figures_deinit(&f);
    else
        *out = f;
    return err;
}

void figures_deinit(struct figures *f)
{
    garbage_deinit(&f->garbage);
    blocks_deinit(&f->blocks);
    waits_deinit(&f->waits);
    breakdown_deinit(&f->breakdown);
    groups_deinit(&f->groups);
    summary_deinit(&f->summary);
}

size_t figures_top_functions(const struct figures *f, uint32_t process,
                             const struct breakdown_row **rows)
{
    size_t first = f->breakdown.first[process];
    size_t n = f->breakdown.first[process + 1] - first;
    *rows = f->breakdown.rows + first;
    return n < FIGURES_TOP_FUNCTIONS ? n : FIGURES_TOP_FUNCTIONS;
}

double figures_state_pct(const struct figures *f, enum sample_state state)
{
    const struct summary *s = &f->summary;
    return summary_pct(s->by_state[state],
                       s->is_counted[state] ? s->counted : s->samples);
}

double figures_max_error_pct(const struct figures *f)
{
    return summary_part_error_pct(&f->summary, f->summary.counted / 2);
}

uint64_t figures_sum(const struct profile *p, struct value_texts type)
{
    uint32_t value = profile_find_value(p, type);
    uint64_t sum = 0;
    for (size_t i = 0; i < profile_sample_count(p); i++)
        add_capped(&sum, profile_value(p, i, value));
    return sum;
}
