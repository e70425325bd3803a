#include "profile/snapshot.h"

#include <stdlib.h>

#include "base/array.h"

struct snapshot *snapshot_create(void)
{
    struct snapshot *s = calloc(1, sizeof(*s));
    if (s)
        index_init(&s->by_place);
    return s;
}

void snapshot_destroy(struct snapshot *s)
{
    if (!s)
        return;
    dump_destroy(s->dump);
    for (int i = 0; i < SNAPSHOT_TOPS; i++)
        free(s->tops[i].rows);
    free(s->waiting);
    index_deinit(&s->by_place);
    free(s->schedulers);
    free(s);
}

const char *snapshot_kind_word(enum snapshot_kind kind)
{
    static const char *const words[SNAPSHOT_KINDS] = {
        [SNAPSHOT_NORMAL] = "normal",
        [SNAPSHOT_DIRTY_CPU] = "dirty_cpu",
        [SNAPSHOT_DIRTY_IO] = "dirty_io",
    };
    return words[kind];
}

/* --- where processes wait ------------------------------------------------- */

static bool is_same(const void *things, uint32_t id, const void *key)
{
    const struct snapshot_group *a =
        &((const struct snapshot_group *)things)[id];
    const struct snapshot_group *b = key;
    return a->stack == b->stack && a->initial_call == b->initial_call;
}

static int append(struct snapshot *s, const struct snapshot_group *g,
                  uint64_t hash)
{
    int err = ARRAY_RESERVE(s->waiting, s->waiting_cap, s->waiting_count + 1);
    if (!err)
        err = index_add(&s->by_place, hash, (uint32_t)s->waiting_count);
    if (!err)
        s->waiting[s->waiting_count++] = *g;
    return err;
}

int snapshot_add_waiting(struct snapshot *s, const struct snapshot_group *more)
{
    uint64_t hash = hash_u64(more->initial_call, more->stack);
    uint32_t at = index_find(&s->by_place, hash, is_same, s->waiting, more);
    if (at == INDEX_NONE)
        return append(s, more, hash);
    struct snapshot_group *g = &s->waiting[at];
    g->processes += more->processes;
    for (unsigned i = 0; i < more->member_count; i++)
        if (g->member_count < DUMP_MEMBERS)
            g->members[g->member_count++] = more->members[i];
    return 0;
}

/* Groups of equal size are in the order of their stacks, so that two snapshots
 * of a node at rest look the same. */
static int by_size(const void *a, const void *b)
{
    const struct snapshot_group *x = a, *y = b;
    if (x->processes != y->processes)
        return x->processes < y->processes ? 1 : -1;
    return (x->stack > y->stack) - (x->stack < y->stack);
}

void snapshot_sort_waiting(struct snapshot *s)
{
    index_deinit(&s->by_place);
    if (s->waiting_count)
        qsort(s->waiting, s->waiting_count, sizeof(s->waiting[0]), by_size);
}

uint64_t snapshot_waiting_others(const struct snapshot *s, size_t groups)
{
    uint64_t others = 0;
    for (size_t i = groups; i < s->waiting_count; i++)
        others += s->waiting[i].processes;
    return others;
}

/* --- what is missing ------------------------------------------------------ */

const struct snapshot_missing snapshot_inside[] = {
    {"schedulers.utilization",
     "how much of the schedulers' CPU time was work, and not busy-wait"},
    {"schedulers.run_queue",
     "the run queues; processes that wait in one are runnable"},
    {"binaries.total",
     "the size of all binaries, and so that of those in mailboxes and ETS"},
    {"binaries.distinct",
     "the binaries of processes with each one counted once"},
    {"memory.total", "the memory of the node by purpose (erlang:memory/0)"},
    {"allocators", "how much of their memory the VM's allocators use"},
    {NULL, NULL},
};

const struct snapshot_missing *snapshot_not_found(const struct snapshot *s,
                                                  unsigned figure)
{
    static const struct snapshot_missing rows[SNAPSHOT_FIGURES] = {
        {"mailboxes", "the length of mailboxes"},
        {"processes.top", "the reductions of processes"},
        {"memory.top", "the size of heaps"},
        {"binaries", "the binaries that processes hold"},
        {"processes.created_per_s", "how many processes are created"},
    };
    const bool known[SNAPSHOT_FIGURES] = {s->knows.mailboxes,
                                          s->knows.reductions, s->knows.heaps,
                                          s->knows.binaries, s->knows_created};
    return known[figure] ? NULL : &rows[figure];
}
