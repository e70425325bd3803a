#include "nif/walk_terms.h"

/* A pid or an atom is one word (an immediate), and was checked to be one. */
static ERL_NIF_TERM immediate(uint64_t word)
{
    return (ERL_NIF_TERM)word;
}

static ERL_NIF_TERM number(ErlNifEnv *env, uint64_t n)
{
    return enif_make_uint64(env, n);
}

static ERL_NIF_TERM numbers(ErlNifEnv *env, const uint64_t *list, unsigned n)
{
    ERL_NIF_TERM terms[QUEUE_CLASSES];
    for (unsigned i = 0; i < n; i++)
        terms[i] = number(env, list[i]);
    return enif_make_tuple_from_array(env, terms, n);
}

/* [{Pid, Key, More...}], the largest first */
static ERL_NIF_TERM rows(ErlNifEnv *env, const struct top *t, unsigned more)
{
    ERL_NIF_TERM list = enif_make_list(env, 0), row[2 + TOP_MORE];
    for (uint32_t i = t->count; i > 0; i--) {
        const struct top_row *r = &t->rows[i - 1];
        row[0] = immediate(r->id);
        row[1] = number(env, r->key);
        for (unsigned k = 0; k < more; k++)
            row[2 + k] = number(env, r->more[k]);
        list = enif_make_list_cell(
            env, enif_make_tuple_from_array(env, row, 2 + more), list);
    }
    return list;
}

static ERL_NIF_TERM group(ErlNifEnv *env, const struct group *g)
{
    ERL_NIF_TERM pids = enif_make_list(env, 0);
    for (uint32_t i = g->samples; i > 0; i--)
        pids = enif_make_list_cell(env, immediate(g->pids[i - 1]), pids);
    ERL_NIF_TERM call =
        enif_make_tuple3(env, immediate(g->key.module),
                         immediate(g->key.function), number(env, g->key.arity));
    return enif_make_tuple4(env, number(env, g->key.pc), call,
                            number(env, g->count), pids);
}

/* The largest groups: 4 for each row of the other lists. */
static ERL_NIF_TERM groups(ErlNifEnv *env, const struct walk *w)
{
    struct top largest;
    top_init(&largest, 4 * w->top);
    for (unsigned i = 0; i < GROUPS_ROOM; i++)
        if (w->groups.table[i].count)
            top_add(&largest, &(struct top_row){.key = w->groups.table[i].count,
                                                .id = i});
    top_sort(&largest);
    ERL_NIF_TERM list = enif_make_list(env, 0);
    for (uint32_t i = largest.count; i > 0; i--)
        list = enif_make_list_cell(
            env, group(env, &w->groups.table[largest.rows[i - 1].id]), list);
    return list;
}

/* {State, Queue, Reductions, VheapWords, HeapWords}, or false: not met */
static ERL_NIF_TERM canary(ErlNifEnv *env, const struct walk *w)
{
    const struct walk_process *p = &w->canary_figures;
    const uint64_t figures[] = {p->state, p->queue, p->reductions,
                                p->vheap_words, p->heap_words};
    return w->canary_seen ? numbers(env, figures, 5)
                          : enif_make_atom(env, "false");
}

ERL_NIF_TERM walk_terms(ErlNifEnv *env, struct walk *w, uint64_t began_ns,
                        uint64_t began_cpu_ns)
{
    const uint64_t totals[] = {
        w->count,         w->embryos,     w->implausible,
        w->table.limit,   w->elapsed_ns,  w->created - w->created_before,
        w->queue_total,   w->queue_max,   w->vheap_words,
        w->groups.missed, w->lower_bounds};
    ERL_NIF_TERM parts[] = {
        numbers(env, totals, sizeof(totals) / sizeof(totals[0])),
        0, /* cost, last: this is part of it */
        numbers(env, w->states, WALK_STATES),
        numbers(env, w->queue_classes, QUEUE_CLASSES),
        canary(env, w),
        rows(env, &w->queues, 1),
        rows(env, &w->binaries, 3),
        rows(env, &w->leaks, 3),
        rows(env, &w->memories, 0),
        rows(env, &w->reductions, 0),
        groups(env, w)};
    walk_held(w, began_ns, began_cpu_ns);
    const uint64_t cost[] = {w->calls, w->longest_ns, w->longest_cpu_ns};
    parts[1] = numbers(env, cost, sizeof(cost) / sizeof(cost[0]));
    return enif_make_tuple_from_array(env, parts,
                                      sizeof(parts) / sizeof(parts[0]));
}
