#include "profile/groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/add.h"
#include "base/intern.h"

/* What the processes of a group have in common. */
struct kind {
    uint32_t initial_call, label; /* strings */
    uint64_t processes;
    uint32_t row; /* PROFILE_NONE: none yet */
};

struct grouping {
    const struct profile *p;
    const struct summary *s;
    struct intern kinds;
    struct groups out;
};

static bool is_crowd(const struct profile *p, uint32_t process)
{
    return profile_text(p, profile_process_at(p, process)->pid)[0] == '\0';
}

/* A crowd is many already, whatever its share. */
static bool may_join(const struct grouping *g, const struct summary_process *q)
{
    const struct profile_process *of = profile_process_at(g->p, q->process);
    return of->name == 0 &&
           (q->pct < GROUPS_SMALL_PCT || is_crowd(g->p, q->process));
}

static struct kind kind_of(const struct grouping *g, uint32_t process)
{
    const struct profile_process *of = profile_process_at(g->p, process);
    return (struct kind){of->initial_call, of->label, 0, PROFILE_NONE};
}

static int count_kinds(struct grouping *g)
{
    for (size_t i = 0; i < g->s->process_count; i++) {
        const struct summary_process *q = &g->s->processes[i];
        if (!may_join(g, q))
            continue;
        struct kind kind = kind_of(g, q->process);
        int64_t id = intern_row(&g->kinds, &kind);
        if (id < 0)
            return (int)id;
        struct kind *sum = (struct kind *)g->kinds.rows + id;
        add_capped(&sum->processes, profile_members(g->p, q->process));
    }
    return 0;
}

/* NULL: the process stays alone. */
static struct kind *group_for(const struct grouping *g,
                              const struct summary_process *q)
{
    if (!may_join(g, q))
        return NULL;
    struct kind key = kind_of(g, q->process);
    uint32_t id = intern_find(&g->kinds, &key);
    struct kind *kind = (struct kind *)g->kinds.rows + id;
    return kind->processes >= GROUPS_MANY ? kind : NULL;
}

/* The rows are made in the order of the processes, the biggest first; so the
 * process that makes a group's row is its biggest. */
static void place(struct grouping *g, const struct summary_process *q)
{
    struct groups *out = &g->out;
    struct kind *kind = group_for(g, q);
    uint32_t row = kind ? kind->row : PROFILE_NONE;
    if (row == PROFILE_NONE) {
        row = (uint32_t)out->count++;
        out->rows[row] = (struct group){
            .process = q->process,
            .processes =
                kind ? kind->processes : profile_members(g->p, q->process),
            .together = kind || is_crowd(g->p, q->process),
        };
        if (kind)
            kind->row = row;
    }
    struct group *sum = &out->rows[row];
    add_capped(&sum->samples, q->samples);
    out->of[q->process] = row;
}

/* Where process ids name the rows while they are sorted. */
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
    uint32_t *new_row = malloc((out->count + 1) * sizeof(*new_row));
    if (!new_row)
        return -ENOMEM;
    qsort_r(out->rows, out->count, sizeof(*out->rows), by_samples, out->of);
    for (uint32_t i = 0; i < out->count; i++)
        new_row[out->of[out->rows[i].process]] = i;
    for (size_t i = 0; i < processes; i++)
        if (out->of[i] != PROFILE_NONE)
            out->of[i] = new_row[out->of[i]];
    free(new_row);
    return 0;
}

static int make_rows(struct grouping *g)
{
    struct groups *out = &g->out;
    size_t n = profile_process_count(g->p);
    out->rows = calloc(g->s->process_count + 1, sizeof(*out->rows));
    out->of = malloc((n + 1) * sizeof(*out->of));
    if (!out->rows || !out->of)
        return -ENOMEM;
    memset(out->of, 0xff, (n + 1) * sizeof(*out->of));
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
    intern_init(&g.kinds, sizeof(struct kind), 2 * sizeof(uint32_t));
    int err = count_kinds(&g);
    if (!err)
        err = make_rows(&g);
    intern_deinit(&g.kinds);
    if (err) {
        groups_deinit(&g.out);
        return err;
    }
    *out = g.out;
    return 0;
}

void groups_deinit(struct groups *g)
{
    free(g->rows);
    free(g->of);
    *g = (struct groups){0};
}
