#include "recorder/dump_name.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "profile/platform.h"
#include "recorder/at_rest.h"
#include "target/erlproc.h"

/* --- a stack's name ------------------------------------------------------- */

/* The stack's id, PROFILE_NONE if the process has no stack, or an error. */
static int64_t name_stack(const struct dump_naming *n,
                          const struct dump_gathered *g)
{
    const struct at_rest to = {n->node->frames, n->node->dump->profile,
                               n->time_ns};
    return g->has_stack
               ? at_rest_stack(&to, g->state, n->gather->addresses + g->from,
                               g->length)
               : PROFILE_NONE;
}

/* --- a group -------------------------------------------------------------- */

int dump_name_member(const struct attached *node, uint64_t pid,
                     struct dump_member *out)
{
    const struct layout *l = &node->target.layout;
    char text[ERLPROC_TEXT];
    erlproc_pid_text(pid, l->release, l->table_size, text);
    int64_t string = profile_string(node->dump->profile, text);
    int64_t row =
        string < 0 ? string : census_owner(node->census, EVENT_CPU, pid);
    if (row < 0)
        return (int)row;
    *out = (struct dump_member){(uint32_t)string, (uint32_t)row};
    return 0;
}

static int add_group(const struct dump_naming *n, const struct dump_gathered *g)
{
    struct dump_group group = {.state = g->state,
                               .stack = g->stack,
                               .processes = g->processes,
                               .member_count = g->member_count};
    int err = 0;
    for (unsigned i = 0; i < g->member_count && !err; i++)
        err = dump_name_member(n->node, g->members[i].pid, &group.members[i]);
    return err ? err : dump_groups_add(&n->node->dump->groups, &group);
}

/* --- who is asked --------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Keeps the most frequent ones, in their order. */
static void keep_site(struct dump_asked *a, uint32_t function, uint64_t times)
{
    unsigned at = a->site_count;
    while (at > 0 && a->sites[at - 1].processes < times)
        at--;
    if (at == DUMP_SITES)
        return;
    a->site_count += a->site_count < DUMP_SITES;
    for (unsigned i = a->site_count - 1; i > at; i--)
        a->sites[i] = a->sites[i - 1];
    a->sites[at].function = function;
    a->sites[at].processes = times;
}

/* Of `count` processes that ask the same. */
static int find_sites(const struct dump_naming *n, const struct dump_ask *asks,
                      size_t count, struct dump_asked *a)
{
    uint32_t *sites = calloc(count, sizeof(*sites));
    if (!sites)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        sites[i] = platform_call_site(n->node->dump->profile,
                                      n->gather->list[asks[i].row].stack);
    qsort(sites, count, sizeof(*sites), by_number);
    for (size_t i = 0, first = 0; i < count; i++)
        if (i + 1 == count || sites[i + 1] != sites[i]) {
            keep_site(a, sites[i], i + 1 - first);
            first = i + 1;
        }
    free(sites);
    return 0;
}

static int add_asked(const struct dump_naming *n, const struct dump_ask *asks,
                     size_t count)
{
    struct dump *d = n->node->dump;
    struct dump_asked asked = {
        .term = asks->whom, .waiting = count, .stack = PROFILE_NONE};
    const struct dump_known *known =
        dump_asks_known(&n->gather->asks, asks->whom);
    int err = find_sites(n, asks, count, &asked);
    if (known) {
        asked.seen = true;
        asked.state = n->gather->list[known->row].state;
        asked.stack = n->gather->list[known->row].stack;
    }
    if (!err)
        err = ARRAY_RESERVE(d->asked, d->asked_cap, d->asked_count + 1);
    if (!err)
        d->asked[d->asked_count++] = asked;
    return err;
}

static int by_term(const void *a, const void *b)
{
    const struct dump_asked *x = a, *y = b;
    return (x->term > y->term) - (x->term < y->term);
}

/* The asks are sorted by whom they ask, so those that are asked are, too. */
static void link_asked(const struct dump_naming *n)
{
    const struct dump_asks *a = &n->gather->asks;
    struct dump *d = n->node->dump;
    for (size_t i = 0; i < d->asked_count; i++) {
        const struct dump_known *k = dump_asks_known(a, d->asked[i].term);
        struct dump_asked key = {0};
        if (k && k->ask != DUMP_ASKS_NONE)
            key.term = a->list[k->ask].whom;
        const struct dump_asked *found =
            bsearch(&key, d->asked, d->asked_count, sizeof(key), by_term);
        d->asked[i].asks = found ? (uint32_t)(found - d->asked) : DUMP_NONE;
    }
}

static int find_asked(const struct dump_naming *n)
{
    const struct dump_asks *a = &n->gather->asks;
    int err = 0;
    n->node->dump->asking = a->count;
    for (size_t i = 0, first = 0; i < a->count && !err; i++) {
        if (i + 1 < a->count && a->list[i + 1].whom == a->list[i].whom)
            continue;
        if (a->list[i].whom == 0)
            n->node->dump->asking_unknown = i + 1 - first;
        else
            err = add_asked(n, &a->list[first], i + 1 - first);
        first = i + 1;
    }
    return err;
}

/* What a process is called is read for a limited time: first of those for which
 * most wait. */
static int name_asked(const struct dump_naming *n)
{
    struct dump *d = n->node->dump;
    int err = find_asked(n);
    if (err)
        return err;
    link_asked(n);
    err = dump_settle_asked(d);
    for (size_t i = 0; i < d->asked_count && !err; i++)
        err = dump_name_member(n->node, d->asked[i].term, &d->asked[i].who);
    return err;
}

/* --- all of it ------------------------------------------------------------ */

static int name_stacks(const struct dump_naming *n)
{
    struct dump_gather *g = n->gather;
    for (size_t i = 0; i < g->count; i++) {
        int64_t stack = name_stack(n, &g->list[i]);
        if (stack < 0)
            return (int)stack;
        g->list[i].stack = (uint32_t)stack;
    }
    return 0;
}

int dump_name_all(const struct dump_naming *n)
{
    struct dump_gather *g = n->gather;
    const struct target_state *t = &n->node->target;
    int err = dump_asks_resolve(&g->asks, &t->layout, &t->memory);
    if (!err)
        err = name_stacks(n);
    if (!err)
        err = name_asked(n);
    for (size_t i = 0; i < g->count && !err; i++)
        err = add_group(n, &g->list[i]);
    if (!err)
        err = census_settle(n->node->census);
    dump_groups_sort(&n->node->dump->groups);
    return err;
}
