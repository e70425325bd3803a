#include "recorder/dump_asks.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/term.h"
#include "target/erlproc.h"

int dump_asks_init(struct dump_asks *a, const struct jit *jit)
{
    memset(a, 0, sizeof(*a));
    return asks_code_find(&a->code, jit);
}

void dump_asks_deinit(struct dump_asks *a)
{
    asks_code_deinit(&a->code);
    free(a->list);
    free(a->known);
    free(a->words);
}

static int add_words(struct dump_asks *a, const struct asks_said *said)
{
    int err = ARRAY_RESERVE(a->words, a->word_cap, a->word_count + said->count);
    if (err)
        return err;
    memcpy(a->words + a->word_count, said->words,
           said->count * sizeof(a->words[0]));
    a->word_count += said->count;
    return 0;
}

int dump_asks_see(struct dump_asks *a, const struct sample *s, bool has_name,
                  const struct unwound *u, uint32_t row)
{
    int err = ARRAY_RESERVE(a->known, a->known_cap, a->known_count + 1);
    if (err)
        return err;
    a->known[a->known_count++] = (struct dump_known){.pid = s->process.id,
                                                     .row = row,
                                                     .ask = DUMP_ASKS_NONE,
                                                     .has_name = has_name};
    const struct asks_said said = asks_look(&a->code, s, u);
    const struct dump_ask ask = {.pid = s->process.id,
                                 .row = row,
                                 .awaits = said.awaits,
                                 .stop = s->process.stop,
                                 .hend = s->process.hend,
                                 .from = (uint32_t)a->word_count,
                                 .count = said.count};
    if (!said.asks)
        return 0;
    err = add_words(a, &said);
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
        ask->whom = ask->awaits
                        ? asks_task(l, m, ask->pid, ask->stop, ask->hend,
                                    a->words + ask->from, ask->count)
                    : is_by_name(a, ask) ? registered(&names, word)
                                         : word;
    }
    qsort(a->list, a->count, sizeof(a->list[0]), by_whom);
    link_known(a);
    free(names.list);
    return err;
}
