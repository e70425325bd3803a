#include "recorder/snapshot_gather.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/minus.h"

void snapshot_gather_init(struct snapshot_gather *g,
                          const struct proctable *table,
                          struct target_state *target, unsigned top)
{
    memset(g, 0, sizeof(*g));
    g->table = table;
    g->canary.target = target;
    index_init(&g->by_id);
    index_init(&g->by_place);
    procsums_init(&g->sums, top);
}

void snapshot_gather_deinit(struct snapshot_gather *g)
{
    free(g->before);
    index_deinit(&g->by_id);
    free(g->places);
    index_deinit(&g->by_place);
    dump_gather_deinit(&g->dump);
}

/* --- the first reading ---------------------------------------------------- */

static bool is_same(const void *things, uint32_t id, const void *key)
{
    return ((const struct snapshot_before *)things)[id].id ==
           *(const uint64_t *)key;
}

static const struct snapshot_before *find(const struct snapshot_gather *g,
                                          uint64_t id)
{
    uint32_t at =
        index_find(&g->by_id, hash_u64(0, id), is_same, g->before, &id);
    return at == INDEX_NONE ? NULL : &g->before[at];
}

int snapshot_gather_before(void *gather, const struct proctable_process *p)
{
    struct snapshot_gather *g = gather;
    if (find(g, p->id)) /* its slot was read again */
        return 0;
    int err = ARRAY_RESERVE(g->before, g->cap, g->count + 1);
    if (!err)
        err = index_add(&g->by_id, hash_u64(0, p->id), (uint32_t)g->count);
    if (!err)
        g->before[g->count++] =
            (struct snapshot_before){p->id, p->read_ns, p->figures};
    return err;
}

/* --- the second one ------------------------------------------------------- */

static uint64_t rise(uint64_t before, uint64_t now)
{
    bool known = before != FIGURE_UNKNOWN && now != FIGURE_UNKNOWN;
    return known ? minus_capped(now, before) : 0;
}

/* The reductions of a process that runs are not up to date, so at the second
 * reading they may be as low as at the first one. */
static struct procsums_since since(const struct snapshot_before *before,
                                   const struct proctable_process *p)
{
    if (!before)
        return (struct procsums_since){0};
    const struct procfigures *was = &before->figures, *is = &p->figures;
    uint64_t reductions = rise(was->reductions, is->reductions);
    bool still = was->vheap_words == is->vheap_words &&
                 reductions < PROCSUMS_STILL_REDUCTIONS;
    return (struct procsums_since){
        .queue = was->queue == FIGURE_UNKNOWN ? 0 : was->queue + 1,
        .reductions = reductions,
        .still_ms =
            1 + (still ? (p->read_ns - before->read_ns) / NS_PER_MS : 0)};
}

static bool lacks(const struct snapshot_gather *g, const struct procfigures *f)
{
    const uint64_t own[PROCFIGURE_COUNT] = {
        [PROCFIGURE_QUEUE] = f->queue,
        [PROCFIGURE_REDUCTIONS] = f->reductions,
        [PROCFIGURE_HEAP] = f->heap_words,
        [PROCFIGURE_VHEAP] = f->vheap_words};
    for (int i = 0; i < PROCFIGURE_COUNT; i++)
        if (own[i] == FIGURE_UNKNOWN &&
            proctable_has(g->table, (enum procfigure)i))
            return true;
    return false;
}

/* --- where they wait ------------------------------------------------------ */

static bool is_same_place(const void *things, uint32_t id, const void *key)
{
    const struct snapshot_place *a =
        &((const struct snapshot_place *)things)[id];
    const struct snapshot_place *b = key;
    return a->row == b->row &&
           memcmp(a->initial, b->initial, sizeof(a->initial)) == 0;
}

static int add_place(struct snapshot_gather *g, const struct snapshot_place *p,
                     uint64_t hash)
{
    int err = ARRAY_RESERVE(g->places, g->place_cap, g->place_count + 1);
    if (!err)
        err = index_add(&g->by_place, hash, (uint32_t)g->place_count);
    if (!err)
        g->places[g->place_count++] = *p;
    return err;
}

/* The dump has just added the process as its last one. */
static int count_place(struct snapshot_gather *g,
                       const struct proctable_process *p)
{
    const struct dump_asks *all = &g->dump.asks;
    struct snapshot_place key = {.row = all->known[all->known_count - 1].row};
    memcpy(key.initial, p->initial, sizeof(key.initial));
    uint64_t hash = hash_bytes(key.initial, sizeof(key.initial));
    hash = hash_u64(hash, key.row);
    uint32_t at =
        index_find(&g->by_place, hash, is_same_place, g->places, &key);
    int err = at == INDEX_NONE ? add_place(g, &key, hash) : 0;
    if (err)
        return err;
    struct snapshot_place *place =
        &g->places[at == INDEX_NONE ? g->place_count - 1 : at];
    place->processes++;
    if (place->pid_count < DUMP_MEMBERS)
        place->pids[place->pid_count++] = p->id;
    return 0;
}

int snapshot_gather_now(void *gather, const struct proctable_process *p)
{
    struct snapshot_gather *g = gather;
    const struct procfigures *f = &p->figures;
    if (own_canary_is(&g->canary, p))
        return 0;
    const struct procsums_since then = since(find(g, p->id), p);
    const struct procsums_process figures = {.id = p->id,
                                             .queue = f->queue,
                                             .vheap_words = f->vheap_words,
                                             .heap_words = f->heap_words};
    procsums_count(&g->sums, p->state, f->queue_at_least);
    procsums_add(&g->sums, &figures, &then);
    g->implausible += lacks(g, f);
    int err = dump_gather_see(&g->dump, p);
    return err || p->state != PROCSTATE_WAITING ? err : count_place(g, p);
}
