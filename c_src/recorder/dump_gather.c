#include "recorder/dump_gather.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

int dump_gather_init(struct dump_gather *g, struct unwinder *unwinder,
                     const struct jit *jit, uint64_t time_ns)
{
    memset(g, 0, sizeof(*g));
    g->unwinder = unwinder;
    g->time_ns = time_ns;
    index_init(&g->index);
    return dump_asks_init(&g->asks, jit);
}

void dump_gather_deinit(struct dump_gather *g)
{
    index_deinit(&g->index);
    dump_asks_deinit(&g->asks);
    free(g->list);
    free(g->addresses);
}

struct dump_counts dump_gather_counts(const struct proctable_counts *c)
{
    return (struct dump_counts){.used = c->used,
                                .seen = c->seen,
                                .torn = c->torn,
                                .unreadable = c->unreadable,
                                .ended = c->ended,
                                .being_made = c->being_made};
}

/* --- which ---------------------------------------------------------------- */

/* The key of a search: state and stack (gather->unwound) of a process. */
struct wanted {
    const struct dump_gather *gather;
    enum procstate state;
    bool has_stack;
};

static bool is_same(const void *things, uint32_t id, const void *key)
{
    const struct dump_gathered *row =
        &((const struct dump_gathered *)things)[id];
    const struct wanted *w = key;
    const struct unwound *u = &w->gather->unwound;
    if (row->state != w->state || row->has_stack != w->has_stack ||
        row->length != u->count)
        return false;
    const struct address *own = w->gather->addresses + row->from;
    for (size_t i = 0; i < u->count; i++)
        if (own[i].at != u->list[i].at || own[i].kind != u->list[i].kind)
            return false;
    return true;
}

static uint64_t hash_of(const struct wanted *w)
{
    const struct unwound *u = &w->gather->unwound;
    uint64_t hash = hash_u64(w->state, w->has_stack);
    for (size_t i = 0; i < u->count; i++)
        hash = hash_u64(hash, u->list[i].at);
    return hash;
}

static int append(struct dump_gather *g, const struct wanted *w, uint64_t hash)
{
    size_t length = g->unwound.count;
    int err = ARRAY_RESERVE(g->list, g->cap, g->count + 1);
    if (!err)
        err = ARRAY_RESERVE(g->addresses, g->address_cap,
                            g->address_count + length);
    if (!err)
        err = index_add(&g->index, hash, (uint32_t)g->count);
    if (err)
        return err;
    g->list[g->count++] = (struct dump_gathered){.state = w->state,
                                                 .has_stack = w->has_stack,
                                                 .from = g->address_count,
                                                 .length = length,
                                                 .stack = PROFILE_NONE};
    if (length)
        memcpy(g->addresses + g->address_count, g->unwound.list,
               length * sizeof(g->addresses[0]));
    g->address_count += length;
    return 0;
}

/* --- who ------------------------------------------------------------------ */

/* The place of a new member. When all places are taken, a process with a name
 * replaces one without. DUMP_MEMBERS: there is no place for it. */
static unsigned place_for(const struct dump_gathered *row, bool has_name)
{
    unsigned at = 0;
    if (row->member_count < DUMP_MEMBERS)
        return row->member_count;
    while (at < DUMP_MEMBERS && (!has_name || row->members[at].has_name))
        at++;
    return at;
}

static void count(struct dump_gathered *row, const struct proctable_process *p)
{
    unsigned at = place_for(row, p->has_name);
    row->processes++;
    if (at == DUMP_MEMBERS)
        return;
    row->member_count += at == row->member_count;
    row->members[at].pid = p->id;
    row->members[at].has_name = p->has_name;
}

int dump_gather_see(void *gather, const struct proctable_process *p)
{
    struct dump_gather *g = gather;
    struct sample s = proctable_sample(p);
    s.time_ns = g->time_ns;
    if (p->top)
        unwinder_at_rest(g->unwinder, &s, &g->unwound);
    else
        g->unwound.count = 0;
    const struct wanted w = {g, p->state, p->top != NULL};
    uint64_t hash = hash_of(&w);
    uint32_t at = index_find(&g->index, hash, is_same, g->list, &w);
    if (at == INDEX_NONE) {
        int err = append(g, &w, hash);
        if (err)
            return err;
        at = (uint32_t)g->count - 1;
    }
    count(&g->list[at], p);
    return dump_asks_see(&g->asks, &s, p->has_name, &g->unwound, at);
}
