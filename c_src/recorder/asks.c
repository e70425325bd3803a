#include "recorder/asks.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/term.h"
#include "recorder/frame_slots.h"
#include "target/erlproc.h"
#include "target/term_heap.h"

enum {
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

static int add_span(struct asks_spans *s, uint64_t start, uint64_t end)
{
    int err = ARRAY_RESERVE(s->list, s->cap, s->count + 1);
    if (err)
        return err;
    s->list[s->count].start = start;
    s->list[s->count++].end = end;
    return 0;
}

static int add_functions(struct asks_spans *s, const struct jit_module *m,
                         const char *const *names)
{
    int err = 0;
    for (uint32_t i = 0; i < m->function_count && !err; i++)
        if (is_one_of(m->functions[i].name, names))
            err = add_span(s, m->functions[i].start, m->functions[i].end);
    return err;
}

static int add_module(struct asks_code *c, const struct jit_module *m)
{
    static const char *const do_call[] = {"gen:do_call/4", NULL};
    static const char *const server_call[] = {
        "gen_server:call/3", "'Elixir.GenServer':call/3",
        "gen_server2:call/3", /* RabbitMQ's own, of the same form */
        NULL};
    static const char *const awaits[] = {"'Elixir.Task':await/2",
                                         "'Elixir.Task':await_receive/3", NULL};
    static const char *const modules[] = {
        "gen",         "gen_server",  "Elixir.GenServer",
        "gen_server2", "Elixir.Task", NULL};
    if (!is_one_of(m->name, modules))
        return 0;
    int err = add_functions(&c->do_call, m, do_call);
    if (!err)
        err = add_functions(&c->server_call, m, server_call);
    return err ? err : add_functions(&c->awaits, m, awaits);
}

int asks_code_find(struct asks_code *c, const struct jit *jit)
{
    int err = 0;
    memset(c, 0, sizeof(*c));
    for (size_t i = 0; i < jit_module_count(jit) && !err; i++)
        err = add_module(c, jit_module(jit, i));
    return err;
}

void asks_code_deinit(struct asks_code *c)
{
    free(c->do_call.list);
    free(c->server_call.list);
    free(c->awaits.list);
}

static bool is_in(const struct asks_spans *s, uint64_t at)
{
    for (size_t i = 0; i < s->count; i++)
        if (at >= s->list[i].start && at < s->list[i].end)
            return true;
    return false;
}

/* --- what a stack says ---------------------------------------------------- */

/* The server of a call without a time limit; 0: not there. */
static uint64_t server_of(const struct asks_code *c, const struct sample *p,
                          const struct unwound *u, size_t from)
{
    if (u->count < 2 || !is_in(&c->server_call, u->list[1].at))
        return 0;
    struct frame_slots s = frame_slots(p, u, 1, from);
    return s.count == SERVER_CALL && term_is_atom(s.list[LIMIT_SLOT])
               ? s.list[SERVER_SLOT]
               : 0;
}

static void look_at_call(const struct asks_code *c, const struct sample *p,
                         const struct unwound *u, struct asks_said *said)
{
    struct frame_slots s = frame_slots(p, u, 0, 0);
    uint64_t word = s.count == WITH_LIMIT      ? s.list[ASKED_SLOT]
                    : s.count == WITHOUT_LIMIT ? server_of(c, p, u, s.next)
                                               : 0;
    if (term_is_pid(word) || (s.count == WITHOUT_LIMIT && term_is_atom(word)))
        said->words[said->count++] = word;
}

static void look_at_await(const struct sample *p, const struct unwound *u,
                          struct asks_said *said)
{
    struct frame_slots s = frame_slots(p, u, 0, 0);
    for (size_t i = 0; i < s.count && said->count < ASKS_WORDS; i++)
        if (term_kind(s.list[i]) == TERM_IS_BOXED)
            said->words[said->count++] = s.list[i];
}

struct asks_said asks_look(const struct asks_code *c, const struct sample *s,
                           const struct unwound *u)
{
    struct asks_said said = {0};
    if (s->at_rest.state != PROCSTATE_WAITING || !s->erlang.len ||
        u->count == 0 || u->list[0].kind != ADDRESS_ERLANG)
        return said;
    said.awaits = is_in(&c->awaits, u->list[0].at);
    said.asks = said.awaits || is_in(&c->do_call, u->list[0].at);
    if (said.awaits)
        look_at_await(s, u, &said);
    else if (said.asks)
        look_at_call(c, s, u, &said);
    return said;
}

/* --- tasks ---------------------------------------------------------------- */

/* A process, and where its stack was copied. */
struct asker {
    uint64_t pid, stop, hend;
};

/* Has its heap been where it was when its stack was copied? */
static bool stands_still(const struct asker *a, const struct layout *l,
                         const struct memory *m)
{
    struct erlproc p;
    return erlproc_find(l, m, a->pid, &p) == 0 && p.stop == a->stop &&
           p.hend == a->hend;
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

uint64_t asks_task(const struct layout *l, const struct memory *m, uint64_t pid,
                   uint64_t stop, uint64_t hend, const uint64_t *words,
                   size_t count)
{
    const struct asker asker = {pid, stop, hend};
    uint64_t found = 0;
    if (!stands_still(&asker, l, m))
        return 0;
    for (size_t i = 0; i < count && !found; i++)
        found = task_of(m, words[i], pid);
    return stands_still(&asker, l, m) ? found : 0;
}
