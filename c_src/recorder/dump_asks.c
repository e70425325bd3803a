#include "recorder/dump_asks.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/term.h"
#include "target/erlproc.h"
#include "target/term_heap.h"

enum {
    MOST_WORDS = 8,  /* of one process that may say whom it asks */
    MOST_FRAMES = 4, /* of behaviours, innermost first */
};

/* --- the code that asks --------------------------------------------------- */

static bool is_one_of(const char *name, const char *const *list)
{
    while (*list && strcmp(*list, name) != 0)
        list++;
    return *list != NULL;
}

static int add_span(struct dump_spans *s, uint64_t start, uint64_t end)
{
    int err = ARRAY_RESERVE(s->list, s->cap, s->count + 1);
    if (err)
        return err;
    s->list[s->count].start = start;
    s->list[s->count++].end = end;
    return 0;
}

static int add_functions(struct dump_spans *s, const struct jit_module *m,
                         const char *const *names)
{
    int err = 0;
    for (uint32_t i = 0; i < m->function_count && !err; i++)
        if (is_one_of(m->functions[i].name, names))
            err = add_span(s, m->functions[i].start, m->functions[i].end);
    return err;
}

static int add_module(struct dump_asks *a, const struct jit_module *m)
{
    static const char *const behaviours[] = {
        "gen",        "gen_server",       "gen_statem", "gen_event",
        "supervisor", "Elixir.GenServer", NULL};
    static const char *const calls[] = {"gen:do_call/4", NULL};
    static const char *const awaits[] = {"'Elixir.Task':await/2",
                                         "'Elixir.Task':await_receive/3", NULL};
    int err = 0;
    if (is_one_of(m->name, behaviours))
        err = add_span(&a->modules, m->base, m->base + m->size);
    if (!err && strcmp(m->name, "gen") == 0)
        err = add_functions(&a->calls, m, calls);
    if (!err && strcmp(m->name, "Elixir.Task") == 0)
        err = add_functions(&a->awaits, m, awaits);
    return err;
}

int dump_asks_init(struct dump_asks *a, const struct jit *jit)
{
    int err = 0;
    memset(a, 0, sizeof(*a));
    for (size_t i = 0; i < jit_module_count(jit) && !err; i++)
        err = add_module(a, jit_module(jit, i));
    return err;
}

void dump_asks_deinit(struct dump_asks *a)
{
    free(a->calls.list);
    free(a->awaits.list);
    free(a->modules.list);
    free(a->list);
    free(a->known);
    free(a->words);
}

static bool is_in(const struct dump_spans *s, uint64_t at)
{
    for (size_t i = 0; i < s->count; i++)
        if (at >= s->list[i].start && at < s->list[i].end)
            return true;
    return false;
}

/* --- whom a stack may ask ------------------------------------------------- */

static int add_word(struct dump_asks *a, struct dump_ask *ask, uint64_t word)
{
    bool fits = ask->awaits ? term_kind(word) == TERM_IS_BOXED
                            : term_is_pid(word) || term_is_atom(word);
    if (!fits || word == ask->pid || ask->count == MOST_WORDS)
        return 0;
    int err = ARRAY_RESERVE(a->words, a->word_cap, a->word_count + 1);
    if (!err) {
        a->words[a->word_count++] = word;
        ask->count++;
    }
    return err;
}

static bool has_pid(const struct dump_asks *a, const struct dump_ask *ask)
{
    for (uint32_t i = 0; i < ask->count; i++)
        if (term_is_pid(a->words[ask->from + i]))
            return true;
    return false;
}

/* The Y registers of a frame are the words above its return address, which is
 * behind the address of the next frame in the list. Frames further out are
 * looked at only while no pid was met. */
static int collect(struct dump_asks *a, const struct proctable_process *p,
                   const struct unwound *u, struct dump_ask *ask)
{
    size_t frame = 0;
    int err = 0;
    for (size_t at = 0; at + 8 <= p->top_bytes && !err; at += 8) {
        uint64_t word;
        memcpy(&word, p->top + at, sizeof(word));
        if (frame + 1 >= u->count || word != u->list[frame + 1].at + 1) {
            err = add_word(a, ask, word);
            continue;
        }
        frame++;
        if (ask->awaits || has_pid(a, ask) || frame == MOST_FRAMES ||
            !is_in(&a->modules, u->list[frame].at))
            break;
    }
    return err;
}

int dump_asks_see(struct dump_asks *a, const struct proctable_process *p,
                  const struct unwound *u, uint32_t row)
{
    int err = ARRAY_RESERVE(a->known, a->known_cap, a->known_count + 1);
    if (err)
        return err;
    a->known[a->known_count++] =
        (struct dump_known){.pid = p->id, .row = row, .has_name = p->has_name};
    if (p->state != PROCSTATE_WAITING || !p->top || u->count == 0 ||
        u->list[0].kind != ADDRESS_ERLANG)
        return 0;
    struct dump_ask ask = {.pid = p->id,
                           .row = row,
                           .awaits = is_in(&a->awaits, u->list[0].at),
                           .stop = p->stop,
                           .hend = p->hend,
                           .from = (uint32_t)a->word_count};
    if (!ask.awaits && !is_in(&a->calls, u->list[0].at))
        return 0;
    err = collect(a, p, u, &ask);
    if (!err)
        err = ARRAY_RESERVE(a->list, a->cap, a->count + 1);
    if (!err)
        a->list[a->count++] = ask;
    return err;
}

/* --- registered names ----------------------------------------------------- */

struct named {
    uint64_t atom, pid;
};

static int by_atom(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    return (x->atom > y->atom) - (x->atom < y->atom);
}

static bool needs_names(const struct dump_asks *a)
{
    for (size_t i = 0; i < a->count; i++)
        if (a->list[i].count && !a->list[i].awaits && !has_pid(a, &a->list[i]))
            return true;
    return false;
}

struct names {
    struct named *list;
    size_t count, cap;
};

/* One that has ended meanwhile has no name any more. */
static int read_names(const struct dump_asks *a, const struct layout *l,
                      const struct memory *m, struct names *n)
{
    int err = 0;
    for (size_t i = 0; i < a->known_count && !err; i++) {
        struct erlproc p;
        if (!a->known[i].has_name ||
            erlproc_find(l, m, a->known[i].pid, &p) != 0 || !p.name)
            continue;
        err = ARRAY_RESERVE(n->list, n->cap, n->count + 1);
        if (!err)
            n->list[n->count++] = (struct named){p.name, a->known[i].pid};
    }
    if (n->count)
        qsort(n->list, n->count, sizeof(n->list[0]), by_atom);
    return err;
}

/* 0: no process has that name. */
static uint64_t registered(const struct names *n, uint64_t atom)
{
    const struct named key = {.atom = atom};
    const struct named *found =
        n->count ? bsearch(&key, n->list, n->count, sizeof(n->list[0]), by_atom)
                 : NULL;
    return found ? found->pid : 0;
}

/* --- tasks ---------------------------------------------------------------- */

/* Has its heap been where it was when its stack was copied? */
static bool stands_still(const struct dump_ask *ask, const struct layout *l,
                         const struct memory *m)
{
    struct erlproc p;
    return erlproc_find(l, m, ask->pid, &p) == 0 && p.stop == ask->stop &&
           p.hend == ask->hend;
}

/* Of a map with the caller's pid the only other one; 0: it is no such map. */
static uint64_t task_of(const struct memory *m, uint64_t map, uint64_t owner)
{
    enum { KEYS = 8 }; /* a %Task{} has 5 */
    uint64_t values[KEYS], task = 0;
    size_t count;
    bool owned = false;
    if (term_map_values(m, map, KEYS, values, &count) != 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        owned = owned || values[i] == owner;
        if (!term_is_pid(values[i]) || values[i] == owner)
            continue;
        if (task)
            return 0;
        task = values[i];
    }
    return owned ? task : 0;
}

static uint64_t awaited(const struct dump_asks *a, const struct dump_ask *ask,
                        const struct layout *l, const struct memory *m)
{
    uint64_t found = 0;
    if (!stands_still(ask, l, m))
        return 0;
    for (uint32_t i = 0; i < ask->count && !found; i++)
        found = task_of(m, a->words[ask->from + i], ask->pid);
    return stands_still(ask, l, m) ? found : 0;
}

/* --- whom they ask -------------------------------------------------------- */

static int by_pid(const void *a, const void *b)
{
    const struct dump_known *x = a, *y = b;
    return (x->pid > y->pid) - (x->pid < y->pid);
}

static int by_whom(const void *a, const void *b)
{
    const struct dump_ask *x = a, *y = b;
    if (x->whom != y->whom)
        return x->whom < y->whom ? -1 : 1;
    return (x->pid > y->pid) - (x->pid < y->pid);
}

const struct dump_known *dump_asks_known(const struct dump_asks *a,
                                         uint64_t pid)
{
    const struct dump_known key = {.pid = pid};
    return a->known_count ? bsearch(&key, a->known, a->known_count,
                                    sizeof(a->known[0]), by_pid)
                          : NULL;
}

/* 0: nobody, or one of several. */
static uint64_t the_only_one(const struct dump_asks *a,
                             const struct dump_ask *ask, const struct names *n)
{
    uint64_t found = 0;
    for (uint32_t i = 0; i < ask->count; i++) {
        uint64_t word = a->words[ask->from + i];
        uint64_t pid = term_is_pid(word) ? word : registered(n, word);
        if (pid == 0 || pid == found || pid == ask->pid)
            continue;
        if (found)
            return 0;
        found = pid;
    }
    return found;
}

static void link_known(struct dump_asks *a)
{
    for (size_t i = 0; i < a->known_count; i++)
        a->known[i].ask = DUMP_ASKS_NONE;
    for (size_t i = 0; i < a->count; i++) {
        struct dump_known key = {.pid = a->list[i].pid};
        struct dump_known *one = bsearch(&key, a->known, a->known_count,
                                         sizeof(a->known[0]), by_pid);
        if (one)
            one->ask = (uint32_t)i;
    }
}

int dump_asks_resolve(struct dump_asks *a, const struct layout *l,
                      const struct memory *m)
{
    struct names names = {0};
    if (a->count == 0)
        return 0;
    qsort(a->known, a->known_count, sizeof(a->known[0]), by_pid);
    int err = needs_names(a) ? read_names(a, l, m, &names) : 0;
    for (size_t i = 0; i < a->count && !err; i++) {
        struct dump_ask *ask = &a->list[i];
        ask->whom =
            ask->awaits ? awaited(a, ask, l, m) : the_only_one(a, ask, &names);
    }
    qsort(a->list, a->count, sizeof(a->list[0]), by_whom);
    link_known(a);
    free(names.list);
    return err;
}
