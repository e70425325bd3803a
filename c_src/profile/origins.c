#include "profile/origins.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/add.h"
#include "profile/innermost.h"
#include "profile/platform.h"

/* A limit for the work of is_above_all, in stacks and samples visited, because
 * a file from elsewhere may contain any number of functions that call each
 * other. When it is reached, the remaining functions are listed without the
 * check. */
enum { STEPS_MAX = 200 * 1000 * 1000 };

struct search {
    const struct profile *p;
    const struct summary *s;
    bool *application;   /* by function */
    uint32_t *innermost; /* by stack: the innermost function of the application,
                            or PROFILE_NONE */
    uint64_t *last;      /* by function: samples where it is the innermost */
    uint64_t *processes; /* samples by process; last: those without a process */
    bool *has, *seen; /* by stack, by process: is the checked function in it? */
    size_t passes;    /* how many checks are still allowed */
};

static void search_deinit(struct search *f)
{
    free(f->application);
    free(f->innermost);
    free(f->last);
    free(f->processes);
    free(f->has);
    free(f->seen);
}

static int search_init(struct search *f, const struct profile *p,
                       const struct summary *s)
{
    size_t functions = profile_function_count(p) + 1;
    size_t stacks = profile_stack_count(p) + 1;
    size_t processes = profile_process_count(p) + 1;
    *f = (struct search){
        .p = p,
        .s = s,
        .application = calloc(functions, sizeof(*f->application)),
        .last = calloc(functions, sizeof(*f->last)),
        .processes = calloc(processes, sizeof(*f->processes)),
        .has = calloc(stacks, sizeof(*f->has)),
        .seen = calloc(processes, sizeof(*f->seen)),
        .passes = STEPS_MAX / (stacks + profile_sample_count(p)),
    };
    bool ok = f->application && f->last && f->processes && f->has && f->seen;
    return ok ? 0 : -ENOMEM;
}

/* --- counts --------------------------------------------------------------- */

static int find_application(struct search *f)
{
    for (uint32_t i = 0; i < profile_function_count(f->p); i++) {
        const struct profile_function *of = profile_function_at(f->p, i);
        f->application[i] =
            (of->kind == FRAME_ERLANG || of->kind == FRAME_ELIXIR) &&
            !platform_has(profile_text(f->p, of->module));
    }
    f->innermost = innermost_find(f->p, f->application);
    return f->innermost ? 0 : -ENOMEM;
}

/* Is row i counted? Also gives its process (for no process: one past the last
 * id) and its stack. */
static bool counted(const struct search *f, size_t i, uint32_t *process,
                    uint32_t *stack)
{
    const struct profile_sample *s = profile_sample_at(f->p, i);
    *process = s->process == PROFILE_NONE
                   ? (uint32_t)profile_process_count(f->p)
                   : s->process;
    *stack = s->stack;
    return profile_counts(f->p, s->state);
}

static void count(struct search *f)
{
    uint32_t process, stack;
    for (size_t i = 0; i < profile_sample_count(f->p); i++) {
        if (!counted(f, i, &process, &stack))
            continue;
        uint64_t weight = profile_weight(f->p, i);
        add_capped(&f->processes[process], weight);
        if (stack != PROFILE_NONE && f->innermost[stack] != PROFILE_NONE)
            add_capped(&f->last[f->innermost[stack]], weight);
    }
}

/* --- merely above everything ---------------------------------------------- */

static double samples_of_its_processes(struct search *f, uint32_t function)
{
    uint32_t process, stack;
    double sum = 0;
    memset(f->seen, 0, profile_process_count(f->p) + 1);
    for (uint32_t i = 0; i < profile_stack_count(f->p); i++) {
        uint32_t parent = profile_stack_at(f->p, i)->parent;
        f->has[i] = innermost_frame(f->p, i) == function ||
                    (parent != PROFILE_NONE && f->has[parent]);
    }
    for (size_t i = 0; i < profile_sample_count(f->p); i++)
        if (counted(f, i, &process, &stack) && stack != PROFILE_NONE &&
            f->has[stack] && !f->seen[process]) {
            f->seen[process] = true;
            sum += (double)f->processes[process];
        }
    return sum;
}

static bool is_above_all(struct search *f, const struct summary_function *row)
{
    double total = (double)row->total;
    if ((double)f->last[row->function] * 20 >= total || f->passes == 0)
        return false;
    f->passes--;
    return total * 20 > samples_of_its_processes(f, row->function) * 19;
}

/* --- the rows ------------------------------------------------------------- */

static int by_total(const void *a, const void *b, void *summary)
{
    const struct summary *s = summary;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    const struct summary_function *x = &s->functions[i], *y = &s->functions[j];
    if (x->total != y->total)
        return x->total > y->total ? -1 : 1;
    if (x->own != y->own)
        return x->own > y->own ? -1 : 1;
    return i < j ? -1 : 1; /* the order of summary.functions */
}

static void choose(struct search *f, size_t most, struct origins *out)
{
    const struct summary *s = f->s;
    size_t n = 0, at = 0;
    for (uint32_t i = 0; i < s->function_count; i++)
        if (f->application[s->functions[i].function])
            out->rows[n++] = i;
    qsort_r(out->rows, n, sizeof(*out->rows), by_total, (void *)s);
    for (; at < n && out->count < most; at++) {
        if (is_above_all(f, &s->functions[out->rows[at]]))
            out->above++;
        else
            out->rows[out->count++] = out->rows[at];
    }
    out->more = n - at;
}

int origins_find(const struct profile *p, const struct summary *s, size_t most,
                 struct origins *out)
{
    struct search f;
    *out = (struct origins){
        .rows = calloc(s->function_count + 1, sizeof(*out->rows))};
    int err = search_init(&f, p, s);
    if (!err)
        err = out->rows ? find_application(&f) : -ENOMEM;
    if (!err) {
        count(&f);
        choose(&f, most, out);
    } else {
        origins_deinit(out);
    }
    search_deinit(&f);
    return err;
}

void origins_deinit(struct origins *o)
{
    free(o->rows);
    *o = (struct origins){0};
}
