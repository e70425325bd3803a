#include "profile/diff_gather.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/add.h"
#include "profile/merge.h"

void diff_gathered_deinit(struct diff_gathered *g)
{
    for (size_t i = 0; i < g->part_count; i++)
        free(g->parts[i].by_stack);
    free(g->parts);
    free(g->base_of_row);
    profile_destroy(g->profile);
    *g = (struct diff_gathered){0};
}

/* stacks: by stack of p, its id in the joined profile, which has `all` stacks.
 */
static int count_part(struct diff_part *part, const struct profile *p,
                      const uint32_t *stacks, size_t all)
{
    part->stacks = all;
    part->by_stack = calloc(all + 1, sizeof(*part->by_stack));
    if (!part->by_stack)
        return -ENOMEM;
    for (size_t i = 0; i < profile_sample_count(p); i++) {
        const struct profile_sample *s = profile_sample_at(p, i);
        if (!profile_counts(p, s->state))
            continue;
        add_capped(&part->counted, profile_weight(p, i));
        if (s->stack != PROFILE_NONE)
            add_capped(&part->by_stack[stacks[s->stack]], profile_weight(p, i));
    }
    return 0;
}

/* A part of a recording has as small a part of its equal samples as of its
 * samples. */
static double unit_of(const struct profile *p, uint64_t counted)
{
    uint32_t samples = profile_find_value(p, VALUE_SAMPLES);
    uint64_t n = 0;
    if (!profile_is_alloc(p))
        return 1;
    for (size_t i = 0; i < profile_sample_count(p); i++)
        if (profile_counts(p, profile_sample_at(p, i)->state))
            add_capped(&n, profile_value(p, i, samples));
    uint64_t equal = profile_equal_samples(p, n);
    return counted > equal && equal > 0 ? (double)counted / (double)equal
           : counted > 0                ? (double)counted
                                        : 1;
}

static int add_part(struct diff_gathered *g, struct merge *m,
                    const struct profile *p, bool is_now)
{
    struct diff_part *part = &g->parts[g->part_count++];
    uint32_t *stacks;
    bool of_time = profile_is_wall(p) || profile_event(p) == EVENT_BLOCK;
    int err = of_time ? -E_WALL : merge_rows(m, p, &stacks);
    if (err)
        return err;
    part->is_now = is_now;
    err = count_part(part, p, stacks, profile_stack_count(g->profile));
    part->unit = unit_of(p, part->counted);
    free(stacks);
    return err;
}

/* All samples so far are from the base. */
static int note_base(struct diff_gathered *g)
{
    g->base_rows = profile_sample_count(g->profile);
    g->base_of_row = malloc((g->base_rows + 1) * sizeof(*g->base_of_row));
    if (!g->base_of_row)
        return -ENOMEM;
    for (size_t i = 0; i < g->base_rows; i++)
        g->base_of_row[i] = profile_weight(g->profile, i);
    return 0;
}

/* Later parts may have added stacks that earlier ones do not have. */
static int lengthen_parts(struct diff_gathered *g)
{
    size_t all = profile_stack_count(g->profile);
    for (size_t i = 0; i < g->part_count; i++) {
        struct diff_part *part = &g->parts[i];
        uint64_t *longer = realloc(part->by_stack, (all + 1) * sizeof(*longer));
        if (!longer)
            return -ENOMEM;
        memset(longer + part->stacks, 0,
               (all + 1 - part->stacks) * sizeof(*longer));
        part->by_stack = longer;
        part->stacks = all;
    }
    return 0;
}

/* The functions of now are named first, so that files and lines are those of
 * the present code. */
static int name_functions(struct merge *m, const struct profile *const *base,
                          size_t base_count, const struct profile *const *now,
                          size_t now_count)
{
    int err = merge_meta(m, now[0]);
    for (size_t i = 0; !err && i < now_count; i++)
        err = merge_functions(m, now[i]);
    for (size_t i = 0; !err && i < base_count; i++)
        err = merge_functions(m, base[i]);
    return err;
}

static int gather(struct diff_gathered *g, struct merge *m,
                  const struct profile *const *base, size_t base_count,
                  const struct profile *const *now, size_t now_count)
{
    int err = name_functions(m, base, base_count, now, now_count);
    for (size_t i = 0; !err && i < base_count; i++)
        err = add_part(g, m, base[i], false);
    if (!err)
        err = note_base(g);
    for (size_t i = 0; !err && i < now_count; i++)
        err = add_part(g, m, now[i], true);
    return err ? err : lengthen_parts(g);
}

int diff_gather(const struct profile *const *base, size_t base_count,
                const struct profile *const *now, size_t now_count,
                struct diff_gathered *out)
{
    struct diff_gathered g = {0};
    struct merge m;
    g.parts = calloc(base_count + now_count, sizeof(*g.parts));
    int err = g.parts ? profile_create(&g.profile) : -ENOMEM;
    if (!err) {
        merge_init(&m, g.profile);
        err = gather(&g, &m, base, base_count, now, now_count);
        merge_deinit(&m);
    }
    if (err)
        diff_gathered_deinit(&g);
    else
        *out = g;
    return err;
}
