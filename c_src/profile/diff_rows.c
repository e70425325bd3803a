#include "profile/diff_rows.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/add.h"
#include "profile/diff_apart.h"
#include "profile/diff_spread.h"
#include "profile/tally.h"

/* The probability that any row of a family is wrong; see diff.h. */
#define OWN_RISK   0.03
#define TOTAL_RISK 0.02
#define BELOW_RISK 0.05 /* for self and stacks, which depend on the others */

/* Arrays of two are by side: 0 is the base, 1 is now. */
struct work {
    const struct diff_gathered *g;
    double min_effect;
    struct tally_shape shape;
    struct tally *parts;          /* by recording */
    struct tally all[2], left[2]; /* left: without functions set apart */
    uint64_t *by_stack[2];
    double counted[2], left_counted[2];
    struct diff_certainty *self, *own, *total; /* by function */
    bool *apart;                               /* by function */
    bool any;                                  /* did an own or total change */
};

/* --- work memory ---------------------------------------------------------- */

static int work_init(struct work *w)
{
    const struct profile *p = w->g->profile;
    size_t functions = profile_function_count(p) + 1;
    int err = tally_shape_init(&w->shape, p);
    w->self = calloc(functions, sizeof(*w->self));
    w->own = calloc(functions, sizeof(*w->own));
    w->total = calloc(functions, sizeof(*w->total));
    w->apart = calloc(functions, sizeof(*w->apart));
    w->parts = calloc(w->g->part_count, sizeof(*w->parts));
    if (!w->self || !w->own || !w->total || !w->apart || !w->parts)
        err = -ENOMEM;
    for (int side = 0; !err && side < 2; side++) {
        w->by_stack[side] = calloc(w->shape.stacks + 1, sizeof(uint64_t));
        err =
            w->by_stack[side] ? tally_init(&w->all[side], &w->shape) : -ENOMEM;
        if (!err)
            err = tally_init(&w->left[side], &w->shape);
    }
    for (size_t i = 0; !err && i < w->g->part_count; i++)
        err = tally_init(&w->parts[i], &w->shape);
    return err;
}

static void work_deinit(struct work *w)
{
    for (size_t i = 0; w->parts && i < w->g->part_count; i++)
        tally_deinit(&w->parts[i]);
    for (int side = 0; side < 2; side++) {
        tally_deinit(&w->all[side]);
        tally_deinit(&w->left[side]);
        free(w->by_stack[side]);
    }
    tally_shape_deinit(&w->shape);
    free(w->parts);
    free(w->self);
    free(w->own);
    free(w->total);
    free(w->apart);
}

/* --- counts --------------------------------------------------------------- */

static int count_parts(struct work *w)
{
    for (size_t i = 0; i < w->g->part_count; i++) {
        const struct diff_part *part = &w->g->parts[i];
        int err = tally_count(&w->parts[i], &w->shape, part->by_stack, NULL);
        if (err)
            return err;
        for (size_t s = 0; s < w->shape.stacks; s++)
            add_capped(&w->by_stack[part->is_now][s], part->by_stack[s]);
        w->counted[part->is_now] += (double)part->counted;
    }
    if (w->counted[0] == 0 || w->counted[1] == 0)
        return -E_EMPTY;
    int err = tally_count(&w->all[0], &w->shape, w->by_stack[0], NULL);
    return err ? err : tally_count(&w->all[1], &w->shape, w->by_stack[1], NULL);
}

static int count_left(struct work *w)
{
    for (int side = 0; side < 2; side++) {
        int err =
            tally_count(&w->left[side], &w->shape, w->by_stack[side], w->apart);
        if (err)
            return err;
        w->left_counted[side] = w->counted[side];
        for (size_t i = 0; i < w->shape.functions; i++)
            if (w->apart[i])
                w->left_counted[side] -= (double)w->all[side].own[i];
    }
    return 0;
}

static const uint64_t *self_of(const struct tally *t)
{
    return t->self;
}

static const uint64_t *own_of(const struct tally *t)
{
    return t->own;
}

static const uint64_t *total_of(const struct tally *t)
{
    return t->total;
}

/* --- certainty ------------------------------------------------------------ */

static int spread(struct work *w,
                  const uint64_t *(*measure)(const struct tally *), double risk,
                  struct diff_certainty *out)
{
    const uint64_t **counts = calloc(w->g->part_count, sizeof(*counts));
    if (!counts)
        return -ENOMEM;
    for (size_t i = 0; i < w->g->part_count; i++)
        counts[i] = measure(&w->parts[i]);
    diff_spread(&(struct diff_spread){.parts = w->g->parts,
                                      .part_count = w->g->part_count,
                                      .counts = counts,
                                      .rows = w->shape.functions,
                                      .risk = risk,
                                      .min_effect = w->min_effect},
                out);
    free(counts);
    return 0;
}

static int find_spreads(struct work *w)
{
    int err = spread(w, own_of, OWN_RISK, w->own);
    if (!err)
        err = spread(w, total_of, TOTAL_RISK, w->total);
    return err ? err : spread(w, self_of, BELOW_RISK, w->self);
}

/* --- rows of functions ---------------------------------------------------- */

/* Compares a function with all work that is left, except itself. */
static struct diff_counts against_rest(const struct work *w, int side,
                                       uint64_t k, uint64_t k_left)
{
    double rest = w->left_counted[side] - (double)k_left;
    return (struct diff_counts){
        .k = (double)k, .rest = rest > 0 ? rest : 0, .all = w->counted[side]};
}

/* A total is compared with all unchanged work, including the work within it: a
 * function that calls nearly everything has too little other work to compare
 * with. */
static struct diff_counts against_all(const struct work *w, int side,
                                      uint64_t k, uint64_t k_left)
{
    double rest = w->left_counted[side];
    return (struct diff_counts){.k = (double)k,
                                .rest = rest,
                                .both = (double)k_left,
                                .all = w->counted[side]};
}

static void judge(const struct work *w, uint32_t f,
                  const uint64_t *(*measure)(const struct tally *),
                  struct diff_counts (*against)(const struct work *, int,
                                                uint64_t, uint64_t),
                  const struct diff_certainty *certainty,
                  struct diff_share *out)
{
    struct diff_counts sides[2];
    for (int side = 0; side < 2; side++)
        sides[side] = against(w, side, measure(&w->all[side])[f],
                              measure(&w->left[side])[f]);
    diff_math_share(&sides[0], &sides[1], &certainty[f], out);
}

/* Most functions call no C code; then self is the same as own, and as certain.
 */
static bool is_all_self(const struct work *w, uint32_t f)
{
    return w->all[0].self[f] == w->all[0].own[f] &&
           w->all[1].self[f] == w->all[1].own[f];
}

/* For C code, kernel code and the VM's own work only self and own are judged:
 * how much is below such a function depends on the machine as much as on the
 * code. */
static bool has_judged_total(const struct work *w, uint32_t f)
{
    enum frame_kind kind = profile_function_at(w->g->profile, f)->kind;
    return kind != FRAME_NATIVE && kind != FRAME_KERNEL &&
           kind != FRAME_RUNTIME;
}

static void fill_function(const struct work *w, uint32_t f,
                          struct diff_function *row)
{
    row->function = f;
    row->line = profile_frame_at(w->g->profile, f)->line;
    judge(w, f, own_of, against_rest, w->own, &row->own);
    judge(w, f, total_of, against_all, w->total, &row->total);
    if (!has_judged_total(w, f))
        row->total.verdict = DIFF_SAME;
    if (is_all_self(w, f))
        row->self = row->own;
    else
        judge(w, f, self_of, against_rest, w->self, &row->self);
}

static int by_change(const void *a, const void *b)
{
    const struct diff_function *x = a, *y = b;
    double own_x = fabs(x->own.change), own_y = fabs(y->own.change);
    double self_x = fabs(x->self.change), self_y = fabs(y->self.change);
    if (own_x != own_y)
        return own_x > own_y ? -1 : 1;
    if (self_x != self_y)
        return self_x > self_y ? -1 : 1;
    return x->function < y->function ? -1 : x->function > y->function;
}

static int list_functions(struct work *w, struct diff_rows *out)
{
    struct diff_function *rows = calloc(w->shape.functions + 1, sizeof(*rows));
    size_t n = 0;
    if (!rows)
        return -ENOMEM;
    for (uint32_t f = 0; f < w->shape.functions; f++) {
        if ((w->all[0].total[f] | w->all[1].total[f]) == 0)
            continue;
        fill_function(w, f, &rows[n]);
        w->any |= rows[n].own.verdict || rows[n].total.verdict;
        n++;
    }
    for (size_t i = 0; !w->any && i < n; i++)
        rows[i].self.verdict = DIFF_SAME;
    qsort(rows, n, sizeof(*rows), by_change);
    out->functions = rows;
    out->function_count = n;
    return 0;
}

/* --- rows of stacks ------------------------------------------------------- */

static void judge_stack(const struct work *w, uint32_t stack,
                        const struct diff_certainty *c, struct diff_share *out)
{
    bool apart = w->apart[w->shape.charged[stack]];
    struct diff_counts sides[2];
    for (int side = 0; side < 2; side++) {
        uint64_t k = w->by_stack[side][stack];
        sides[side] = against_rest(w, side, k, apart ? 0 : k);
    }
    diff_math_share(&sides[0], &sides[1], c, out);
    if (!w->any)
        out->verdict = DIFF_SAME;
}

static int by_stack_change(const void *a, const void *b)
{
    const struct diff_stack *x = a, *y = b;
    double of_x = fabs(x->self.change), of_y = fabs(y->self.change);
    if (of_x != of_y)
        return of_x > of_y ? -1 : 1;
    return x->stack < y->stack ? -1 : x->stack > y->stack;
}

/* All stacks have the same part of the risk. Each has the dispersion of the
 * function that it is charged to. */
static int list_stacks(struct work *w, struct diff_rows *out)
{
    struct diff_stack *rows = calloc(w->shape.stacks + 1, sizeof(*rows));
    size_t n = 0;
    if (!rows)
        return -ENOMEM;
    for (uint32_t s = 0; s < w->shape.stacks; s++)
        if (w->by_stack[0][s] | w->by_stack[1][s])
            rows[n++].stack = s;
    double quantile = diff_math_normal(BELOW_RISK / 2 / (double)(n ? n : 1));
    for (size_t i = 0; i < n; i++) {
        uint32_t function = w->shape.charged[rows[i].stack];
        struct diff_certainty c = {w->own[function].dispersion, quantile,
                                   w->min_effect};
        judge_stack(w, rows[i].stack, &c, &rows[i].self);
    }
    qsort(rows, n, sizeof(*rows), by_stack_change);
    out->stacks = rows;
    out->stack_count = n;
    return 0;
}

/* --- the whole ------------------------------------------------------------ */

static void set_apart(struct work *w)
{
    diff_apart_find(&(struct diff_apart){.functions = w->shape.functions,
                                         .base = w->all[0].own,
                                         .now = w->all[1].own,
                                         .base_counted = w->counted[0],
                                         .now_counted = w->counted[1],
                                         .certainty = w->own},
                    w->apart);
}

int diff_rows_compute(const struct diff_gathered *g, double min_effect,
                      struct diff_rows *out)
{
    struct work w = {.g = g, .min_effect = min_effect};
    struct diff_rows rows = {0};
    int err = work_init(&w);
    if (!err)
        err = count_parts(&w);
    if (!err)
        err = find_spreads(&w);
    if (!err) {
        set_apart(&w);
        err = count_left(&w);
    }
    if (!err)
        err = list_functions(&w, &rows);
    if (!err)
        err = list_stacks(&w, &rows);
    work_deinit(&w);
    if (err)
        diff_rows_deinit(&rows);
    else
        *out = rows;
    return err;
}

void diff_rows_deinit(struct diff_rows *r)
{
    free(r->functions);
    free(r->stacks);
    *r = (struct diff_rows){0};
}
