#include "formats/html_graph.h"

#include <errno.h>
#include <stdlib.h>

enum { USED = 0 };

static int ids_init(struct html_ids *ids, size_t n)
{
    ids->id = malloc((n + 1) * sizeof(*ids->id));
    ids->list = malloc((n + 1) * sizeof(*ids->list));
    ids->count = 0;
    if (!ids->id || !ids->list)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        ids->id[i] = PROFILE_NONE;
    return 0;
}

static void ids_deinit(struct html_ids *ids)
{
    free(ids->id);
    free(ids->list);
}

static void number(struct html_ids *ids, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (ids->id[i] != USED)
            continue;
        ids->id[i] = (uint32_t)ids->count;
        ids->list[ids->count++] = (uint32_t)i;
    }
}

static void use(struct html_ids *ids, uint32_t id)
{
    if (id != PROFILE_NONE)
        ids->id[id] = USED;
}

/* --- choosing ------------------------------------------------------------ */

/* Does the row count anything that the page shows? */
static bool is_shown(const struct profile *p, size_t row)
{
    uint64_t any = 0;
    for (size_t i = 0; i < profile_function_values(p); i++)
        any |= profile_values_at(p, row)[i];
    return any && profile_counts(p, profile_sample_at(p, row)->state);
}

static void use_rows(struct html_graph *g)
{
    for (size_t i = 0; i < profile_sample_count(g->p); i++) {
        const struct profile_sample *s = profile_sample_at(g->p, i);
        if (!is_shown(g->p, i))
            continue;
        g->rows[g->row_count++] = (uint32_t)i;
        use(&g->stacks, s->stack);
        use(&g->processes, s->process);
        use(&g->threads, s->thread);
        use(&g->spans, s->span ? s->span : PROFILE_NONE);
    }
}

static void use_spans(struct html_graph *g)
{
    for (size_t i = profile_span_count(g->p); i-- > 1;) {
        uint32_t parent = profile_span_at(g->p, (uint32_t)i)->parent;
        if (g->spans.id[i] == USED && parent)
            use(&g->spans, parent);
    }
}

static void use_stacks(struct html_graph *g)
{
    /* Children come after their parents. */
    for (size_t i = profile_stack_count(g->p); i-- > 0;) {
        if (g->stacks.id[i] != USED)
            continue;
        const struct profile_stack *s = profile_stack_at(g->p, (uint32_t)i);
        use(&g->stacks, s->parent);
        use(&g->frames, s->frame);
        use(&g->functions, profile_frame_at(g->p, s->frame)->function);
    }
}

static void use_strings(struct html_graph *g)
{
    for (size_t i = 0; i < g->functions.count; i++) {
        const struct profile_function *f =
            profile_function_at(g->p, g->functions.list[i]);
        use(&g->strings, f->name);
        use(&g->strings, f->file);
    }
    for (size_t i = 0; i < g->processes.count; i++) {
        const struct profile_process *q =
            profile_process_at(g->p, g->processes.list[i]);
        use(&g->strings, q->pid);
        use(&g->strings, q->name);
        use(&g->strings, q->initial_call);
        use(&g->strings, q->label);
        use(&g->strings, q->application);
    }
    for (size_t i = 0; i < g->threads.count; i++)
        use(&g->strings, profile_thread_at(g->p, g->threads.list[i])->name);
    for (size_t i = 0; i < g->spans.count; i++)
        use(&g->strings, profile_span_at(g->p, g->spans.list[i])->name);
}

/* Sorts rows by stack, those without a stack first. The stack of a row is then
 * close to that of the row before, so the difference is a short number. */
static int by_stack(const void *a, const void *b, void *profile)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    uint32_t of_x = profile_sample_at(profile, x)->stack + 1;
    uint32_t of_y = profile_sample_at(profile, y)->stack + 1;
    if (of_x != of_y)
        return of_x < of_y ? -1 : 1;
    return x < y ? -1 : x > y;
}

static void choose(struct html_graph *g)
{
    use_rows(g);
    use_stacks(g);
    use_spans(g);
    number(&g->stacks, profile_stack_count(g->p));
    number(&g->frames, profile_frame_count(g->p));
    number(&g->functions, profile_function_count(g->p));
    number(&g->processes, profile_process_count(g->p));
    number(&g->threads, profile_thread_count(g->p));
    number(&g->spans, profile_span_count(g->p));
    use_strings(g);
    number(&g->strings, profile_string_count(g->p));
    qsort_r(g->rows, g->row_count, sizeof(*g->rows), by_stack, (void *)g->p);
}

int html_graph_init(struct html_graph *g, const struct profile *p)
{
    *g = (struct html_graph){.p = p};
    g->rows = malloc((profile_sample_count(p) + 1) * sizeof(*g->rows));
    int failed = ids_init(&g->stacks, profile_stack_count(p)) |
                 ids_init(&g->frames, profile_frame_count(p)) |
                 ids_init(&g->functions, profile_function_count(p)) |
                 ids_init(&g->processes, profile_process_count(p)) |
                 ids_init(&g->threads, profile_thread_count(p)) |
                 ids_init(&g->spans, profile_span_count(p)) |
                 ids_init(&g->strings, profile_string_count(p));
    if (!g->rows || failed)
        return -ENOMEM;
    choose(g);
    return 0;
}

void html_graph_deinit(struct html_graph *g)
{
    free(g->rows);
    ids_deinit(&g->stacks);
    ids_deinit(&g->frames);
    ids_deinit(&g->functions);
    ids_deinit(&g->processes);
    ids_deinit(&g->threads);
    ids_deinit(&g->spans);
    ids_deinit(&g->strings);
}
