#include "recorder/dump_asks.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/term.h"
#include "target/erlproc.h"
#include "target/term_heap.h"

enum {
    MOST_SLOTS = 8, /* of a frame that is looked at */
    WITH_LIMIT = 5, /* slots of gen:do_call/4 */
    WITHOUT_LIMIT = 4,
    ASKED_SLOT = 4,
    SERVER_CALL = 4, /* slots of gen_server:call/3 */
    LIMIT_SLOT = 0,
    SERVER_SLOT = 2,
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
    static const char *const do_call[] = {"gen:do_call/4", NULL};
    static const char *const server_call[] = {
        "gen_server:call/3", "'Elixir.GenServer':call/3", NULL};
    static const char *const awaits[] = {"'Elixir.Task':await/2",
                                         "'Elixir.Task':await_receive/3", NULL};
    static const char *const modules[] = {
        "gen", "gen_server", "Elixir.GenServer", "Elixir.Task", NULL};
    if (!is_one_of(m->name, modules))
        return 0;
    int err = add_functions(&a->do_call, m, do_call);
    if (!err)
        err = add_functions(&a->server_call, m, server_call);
    return err ? err : add_functions(&a->awaits, m, awaits);
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
    free(a->do_call.list);
    free(a->server_call.list);
    free(a->awaits.list);
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

/* --- what a stack says -----------------------------------------------------
 */

static int add_word(struct dump_asks *a, struct dump_ask *ask, uint64_t word)
{
    int err = ARRAY_RESERVE(a->words, a->word_cap, a->word_count + 1);
    if (!err) {
        a->words[a->word_count++] = word;
        ask->count++;
    }
    return err;
}

/* The Y registers of a frame. */
struct slots {
    uint64_t list[MOST_SLOTS];
    size_t count; /* 0: too many, or the frame's end is not there */
    size_t next;  /* where the next frame begins, in bytes */
};

/* Is it the return address of the frame? It is behind the address of the next
 * frame in the list; that of the first function ends the stack. */
static bool ends_frame(const struct proctable_process *p,
                       const struct unwound *u, size_t frame, size_t at,
                       uint64_t word)
{
    if (frame + 1 < u->count)
        return u->list[frame + 1].kind == ADDRESS_ERLANG &&
               word == u->list[frame + 1].at + 1;
    return p->stop + at + 8 == p->hend;
}

/* They are the words below the return address. With frame pointers one lies
 * between; it is aligned, which no term is. */
static struct slots slots_of(const struct proctable_process *p,
                             const struct unwound *u, size_t frame, size_t from)
{
    struct slots s = {.next = from};
    for (; s.next + 8 <= p->top_bytes; s.next += 8) {
        uint64_t word;
        memcpy(&word, p->top + s.next, sizeof(word));
        if (ends_frame(p, u, frame, s.next, word)) {
            s.count -= s.count && (s.list[s.count - 1] & 7) == 0;
            s.next += 8;
            return s;
        }
        if (s.count == MOST_SLOTS)
            break;
        s.list[s.count++] = word;
    }
    s.count = 0;
    return s;
}

/* The server of a call without a time limit; 0: not there. */
static uint64_t server_of(const struct dump_asks *a,
                          const struct proctable_process *p,
                          const struct unwound *u, size_t from)
{
    if (u->count < 2 || !is_in(&a->server_call, u->list[1].at))
        return 0;
    struct slots s = slots_of(p, u, 1, from);
    return s.count == SERVER_CALL && term_is_atom(s.list[LIMIT_SLOT])
               ? s.list[SERVER_SLOT]
               : 0;
}

static int note_call(struct dump_asks *a, const struct proctable_process *p,
                     const struct unwound *u, struct dump_ask *ask)
{
    struct slots s = slots_of(p, u, 0, 0);
    uint64_t word = s.count == WITH_LIMIT      ? s.list[ASKED_SLOT]
                    : s.count == WITHOUT_LIMIT ? server_of(a, p, u, s.next)
                                               : 0;
    bool says =
        term_is_pid(word) || (s.count == WITHOUT_LIMIT && term_is_atom(word));
    return says ? add_word(a, ask, word) : 0;
}

static int note_await(struct dump_asks *a, const struct proctable_process *p,
                      const struct unwound *u, struct dump_ask *ask)
{
    struct slots s = slots_of(p, u, 0, 0);
    int err = 0;
    for (size_t i = 0; i < s.count && !err; i++)
        if (term_kind(s.list[i]) == TERM_IS_BOXED)
            err = add_word(a, ask, s.list[i]);
    return err;
}

int dump_asks_see(struct dump_asks *a, const struct proctable_process *p,
                  const struct unwound *u, uint32_t row)
{
    int err = ARRAY_RESERVE(a->known, a->known_cap, a->known_count + 1);
    if (err)
        return err;
    a->known[a->known_count++] = (struct dump_known){.pid = p->id,
                                                     .row = row,
                                                     .ask = DUMP_ASKS_NONE,
                                                     .has_name = p->has_name};
    if (p->state != PROCSTATE_WAITING || !p->top || u->count == 0 ||
        u->list[0].kind != ADDRESS_ERLANG)
        return 0;
    struct dump_ask ask = {.pid = p->id,
                           .row = row,
                           .awaits = is_in(&a->awaits, u->list[0].at),
                           .stop = p->stop,
                           .hend = p->hend,
                           .from = (uint32_t)a->word_count};
    if (!ask.awaits && !is_in(&a->do_call, u->list[0].at))
        return 0;
    err = ask.awaits ? note_await(a, p, u, &ask) : note_call(a, p, u, &ask);
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

static bool is_by_name(const struct dump_asks *a, const struct dump_ask *ask)
{
    return ask->count && !ask->awaits && term_is_atom(a->words[ask->from]);
}

static bool needs_names(const struct dump_asks *a)
{
    for (size_t i = 0; i < a->count; i++)
        if (is_by_name(a, &a->list[i]))
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

static struct dump_known *find_known(const struct dump_asks *a, uint64_t pid)
{
    const struct dump_known key = {.pid = pid};
    return a->known_count ? bsearch(&key, a->known, a->known_count,
                                    sizeof(a->known[0]), by_pid)
                          : NULL;
}

const struct dump_known *dump_asks_known(const struct dump_asks *a,
                                         uint64_t pid)
{
    return find_known(a, pid);
}

static void link_known(struct dump_asks *a)
{
    for (size_t i = 0; i < a->count; i++) {
        struct dump_known *one = find_known(a, a->list[i].pid);
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
        uint64_t word = ask->count ? a->words[ask->from] : 0;
        ask->whom = ask->awaits          ? awaited(a, ask, l, m)
                    : is_by_name(a, ask) ? registered(&names, word)
                                         : word;
    }
    qsort(a->list, a->count, sizeof(a->list[0]), by_whom);
    link_known(a);
    free(names.list);
    return err;
}
