#include "profile/groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/add.h"

struct grouping {
    const struct profile *p;
    const struct summary *s;
    uint32_t *row_of; /* by name: its row; PROFILE_NONE: none yet */
    struct groups out;
};

static bool is_crowd(const struct profile *p, uint32_t process)
{
    return profile_text(p, profile_process_at(p, process)->pid)[0] == '\0';
}

/* The entry of row_of for the process's name; NULL if nothing is known about
 * the process, because such processes have nothing in common. */
static uint32_t *row_for(const struct grouping *g, uint32_t process)
{
    const struct process_names *names = &g->out.names;
    bool known = *process_names_of(names, process) != '\0';
    return known ? &g->row_of[names->of[process]] : NULL;
}

static uint32_t new_row(struct grouping *g, uint32_t process)
{
    const struct profile_process *q = profile_process_at(g->p, process);
    g->out.rows[g->out.count] =
        (struct group){.process = process,
                       .together = is_crowd(g->p, process),
                       .initial_call = q->initial_call,
                       .label = q->label,
                       .application = q->application};
    return (uint32_t)g->out.count++;
}

static void join(struct grouping *g, struct group *row,
                 const struct summary_process *q)
{
    const struct profile_process *of = profile_process_at(g->p, q->process);
    if (row->initial_call != of->initial_call)
        row->initial_call = 0;
    if (row->label != of->label)
        row->label = 0;
    if (row->application != of->application)
        row->application = 0;
    row->together |= q->process != row->process;
    add_capped(&row->processes, profile_members(g->p, q->process));
    add_capped(&row->samples, q->samples);
}

/* The processes are sorted by samples, so the first process of a row is the one
 * with the most samples. */
static void place(struct grouping *g, const struct summary_process *q)
{
    uint32_t *known = row_for(g, q->process);
    uint32_t row = known ? *known : PROFILE_NONE;
    if (row == PROFILE_NONE)
        row = new_row(g, q->process);
    if (known)
        *known = row;
    join(g, &g->out.rows[row], q);
    g->out.of[q->process] = row;
}

static int by_samples(const void *a, const void *b, void *order)
{
    const struct group *x = a, *y = b;
    const uint32_t *of = order;
    if (x->samples != y->samples)
        return x->samples > y->samples ? -1 : 1;
    return of[x->process] < of[y->process] ? -1
                                           : of[x->process] > of[y->process];
}

static int sort(struct groups *out, size_t processes)
{
    uint32_t *new_row_of = malloc((out->count + 1) * sizeof(*new_row_of));
    if (!new_row_of)
        return -ENOMEM;
    qsort_r(out->rows, out->count, sizeof(*out->rows), by_samples, out->of);
    for (uint32_t i = 0; i < out->count; i++)
        new_row_of[out->of[out->rows[i].process]] = i;
    for (size_t i = 0; i < processes; i++)
        if (out->of[i] != PROFILE_NONE)
            out->of[i] = new_row_of[out->of[i]];
    free(new_row_of);
    return 0;
}

static uint32_t *none_of(size_t n)
{
    uint32_t *ids = malloc((n + 1) * sizeof(*ids));
    if (ids)
        memset(ids, 0xff, (n + 1) * sizeof(*ids));
    return ids;
}

static int make_rows(struct grouping *g)
{
    struct groups *out = &g->out;
    size_t n = profile_process_count(g->p);
    out->rows = calloc(g->s->process_count + 1, sizeof(*out->rows));
    out->of = none_of(n);
    g->row_of = none_of(out->names.texts.len);
    if (!out->rows || !out->of || !g->row_of)
        return -ENOMEM;
    for (size_t i = 0; i < g->s->process_count; i++)
        place(g, &g->s->processes[i]);
    for (size_t i = 0; i < out->count; i++) {
        struct group *row = &out->rows[i];
        row->pct = summary_pct(row->samples, g->s->counted);
        row->error_pct = summary_part_error_pct(g->s, row->samples);
    }
    return sort(out, n);
}

int groups_compute(const struct profile *p, const struct summary *s,
                   struct groups *out)
{
    struct grouping g = {.p = p, .s = s};
    int err = process_names_compute(p, &g.out.names);
    if (err)
        return err;
    err = make_rows(&g);
    free(g.row_of);
    if (err) {
        groups_deinit(&g.out);
        return err;
    }
    *out = g.out;
    return 0;
}

void groups_deinit(struct groups *g)
{
    process_names_deinit(&g->names);
    free(g->rows);
    free(g->of);
    *g = (struct groups){0};
}

const char *groups_name(const struct groups *g, const struct group *row)
{
    return process_names_of(&g->names, row->process);
}
