#include "nif/walk_terms.h"

enum { FIELDS_ROOM = 32 }; /* more than any map here has */

/* A map under construction. Its keys are always the same, so they create no
 * more atoms than a module has. */
struct fields {
    ErlNifEnv *env;
    unsigned count;
    ERL_NIF_TERM keys[FIELDS_ROOM], values[FIELDS_ROOM];
};

static void put(struct fields *f, const char *key, ERL_NIF_TERM value)
{
    f->keys[f->count] = enif_make_atom(f->env, key);
    f->values[f->count++] = value;
}

static void put_number(struct fields *f, const char *key, uint64_t n)
{
    put(f, key, enif_make_uint64(f->env, n));
}

static ERL_NIF_TERM map_of(struct fields *f)
{
    ERL_NIF_TERM map = enif_make_new_map(f->env);
    enif_make_map_from_arrays(f->env, f->keys, f->values, f->count, &map);
    return map;
}

/* A pid or an atom is one word (an immediate). The walk has checked that it is
 * one. */
static ERL_NIF_TERM immediate(uint64_t word)
{
    return (ERL_NIF_TERM)word;
}

static ERL_NIF_TERM number(ErlNifEnv *env, uint64_t n)
{
    return enif_make_uint64(env, n);
}

/* The number of queues in each class, from the shortest queues on. */
static ERL_NIF_TERM classes(ErlNifEnv *env, const struct walk *w)
{
    ERL_NIF_TERM counts[PROCSUMS_CLASSES];
    for (unsigned i = 0; i < PROCSUMS_CLASSES; i++)
        counts[i] = number(env, w->sums.queue_classes[i]);
    return enif_make_tuple_from_array(env, counts, PROCSUMS_CLASSES);
}

static ERL_NIF_TERM states(ErlNifEnv *env, const struct walk *w)
{
    struct fields f = {.env = env};
    for (unsigned i = 0; i < PROCSTATE_COUNT; i++)
        put_number(&f, procstate_name(i), w->sums.states[i]);
    return map_of(&f);
}

/* [{Pid, Key, More...}], the largest first */
static ERL_NIF_TERM rows(ErlNifEnv *env, const struct largest *t, unsigned more)
{
    ERL_NIF_TERM list = enif_make_list(env, 0), row[2 + LARGEST_MORE];
    for (uint32_t i = t->count; i > 0; i--) {
        const struct largest_row *r = &t->rows[i - 1];
        row[0] = immediate(r->id);
        row[1] = number(env, r->key);
        for (unsigned k = 0; k < more; k++)
            row[2 + k] = number(env, r->more[k]);
        list = enif_make_list_cell(
            env, enif_make_tuple_from_array(env, row, 2 + more), list);
    }
    return list;
}

static ERL_NIF_TERM group(ErlNifEnv *env, const struct walk_group *g)
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

/* The largest groups: four times as many as the other lists have rows. */
static ERL_NIF_TERM groups(ErlNifEnv *env, const struct walk *w)
{
    struct largest largest;
    largest_init(&largest, 4 * w->top);
    for (unsigned i = 0; i < WALK_GROUPS_ROOM; i++)
        if (w->groups.table[i].count)
            largest_add(&largest,
                        &(struct largest_row){.key = w->groups.table[i].count,
                                              .id = i});
    largest_sort(&largest);
    ERL_NIF_TERM list = enif_make_list(env, 0);
    for (uint32_t i = largest.count; i > 0; i--)
        list = enif_make_list_cell(
            env, group(env, &w->groups.table[largest.rows[i - 1].id]), list);
    return list;
}

/* The atom false: the walk did not see it. */
static ERL_NIF_TERM canary(ErlNifEnv *env, const struct walk *w)
{
    const struct procsums_process *p = &w->canary_figures;
    struct fields f = {.env = env};
    if (!w->canary_seen)
        return enif_make_atom(env, "false");
    put_number(&f, "queue", p->queue);
    put_number(&f, "binaries", p->vheap_words);
    put_number(&f, "heap", p->heap_words);
    if (w->canary_heap_read) {
        const struct walk_heap *h = &w->canary_heap;
        put_number(&f, "used", h->young + h->stack + h->old);
        put_number(&f, "live", h->live);
    }
    return map_of(&f);
}

/* [{Heaps, Words}], the emptiest first */
static ERL_NIF_TERM fills(ErlNifEnv *env, const struct walk_heaps *hs)
{
    ERL_NIF_TERM list = enif_make_list(env, 0);
    for (unsigned i = WALK_FILLS; i > 0; i--) {
        ERL_NIF_TERM fill =
            enif_make_tuple2(env, number(env, hs->fill_counts[i - 1]),
                             number(env, hs->fill_words[i - 1]));
        list = enif_make_list_cell(env, fill, list);
    }
    return list;
}

/* [[{Pid, Priority, Words}]], each the highest priority first */
static ERL_NIF_TERM samples(ErlNifEnv *env, const struct walk_heaps *hs)
{
    ERL_NIF_TERM list = enif_make_list(env, 0);
    for (unsigned i = 0; i < WALK_SAMPLES; i++)
        list = enif_make_list_cell(env, rows(env, &hs->samples[i], 1), list);
    return list;
}

static ERL_NIF_TERM heaps(ErlNifEnv *env, const struct walk *w)
{
    const struct walk_heaps *hs = &w->heaps;
    struct fields f = {.env = env};
    put_number(&f, "count", hs->count);
    put_number(&f, "unread", hs->unread);
    put_number(&f, "young", hs->sum.young);
    put_number(&f, "stack", hs->sum.stack);
    put_number(&f, "young_free", hs->sum.young_free);
    put_number(&f, "old", hs->sum.old);
    put_number(&f, "old_free", hs->sum.old_free);
    put_number(&f, "live", hs->sum.live);
    put_number(&f, "fragments", hs->fragments);
    put_number(&f, "binaries_old", hs->vheap_old);
    put_number(&f, "off_heap_messages", hs->off_heap_messages);
    put_number(&f, "struct_bytes", w->table.size);
    put_number(&f, "room", LARGEST_ROOM);
    put_number(&f, "unit", WALK_PRIORITY_UNIT);
    put(&f, "fills", fills(env, hs));
    put(&f, "unused", rows(env, &hs->unused, 1));
    put(&f, "pinned", rows(env, &hs->pinned, 1));
    put(&f, "samples", samples(env, hs));
    return map_of(&f);
}

static void put_totals(struct fields *f, const struct walk *w)
{
    put_number(f, "count", w->sums.count);
    put_number(f, "embryos", w->embryos);
    put_number(f, "implausible", w->implausible);
    put_number(f, "slots", w->table.limit);
    put_number(f, "elapsed_ns", w->elapsed_ns);
    put_number(f, "created", w->created - w->created_before);
    put_number(f, "messages", w->sums.queue_total);
    put_number(f, "longest_mailbox", w->sums.queue_max);
    put_number(f, "binaries_held", w->sums.vheap_words);
    put_number(f, "groups_missed", w->groups.missed);
    put_number(f, "lower_bounds", w->sums.lower_bounds);
    put(f, "states", states(f->env, w));
    put(f, "classes", classes(f->env, w));
}

static void put_lists(struct fields *f, const struct walk *w)
{
    put(f, "mailboxes", rows(f->env, &w->sums.queues, 1));
    put(f, "binaries", rows(f->env, &w->sums.binaries, 3));
    put(f, "leaks", rows(f->env, &w->sums.leaks, 3));
    put(f, "memory", rows(f->env, &w->sums.memories, 1));
    put(f, "reductions", rows(f->env, &w->sums.reductions, 0));
    put(f, "groups", groups(f->env, w));
}

ERL_NIF_TERM walk_terms(ErlNifEnv *env, struct walk *w, uint64_t began_ns,
                        uint64_t began_cpu_ns)
{
    struct fields f = {.env = env};
    put_totals(&f, w);
    put_lists(&f, w);
    put(&f, "canary", canary(env, w));
    if (w->with_heaps)
        put(&f, "heaps", heaps(env, w));
    walk_held(w, began_ns, began_cpu_ns); /* includes all of the above */
    put_number(&f, "chunks", w->calls);
    put_number(&f, "longest_ns", w->longest_ns);
    put_number(&f, "longest_cpu_ns", w->longest_cpu_ns);
    return map_of(&f);
}
