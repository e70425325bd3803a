#include "cli/census.h"

#include <errno.h>
#include <stdlib.h>

#include "base/index.h"
#include "target/erlproc.h"

struct known {
    uint64_t term; /* pid */
    uint32_t id;   /* of the profile */
};

struct census {
    struct target_state *target;
    struct profile *profile;
    struct known *list;
    size_t count, cap;
    struct index by_term;
};

int census_open(struct target_state *target, struct profile *profile,
                struct census **out)
{
    struct census *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    c->target = target;
    c->profile = profile;
    index_init(&c->by_term);
    *out = c;
    return 0;
}

void census_close(struct census *c)
{
    if (!c)
        return;
    index_deinit(&c->by_term);
    free(c->list);
    free(c);
}

static bool same_term(const void *things, uint32_t id, const void *key)
{
    return ((const struct known *)things)[id].term == *(const uint64_t *)key;
}

static int remember(struct census *c, uint64_t term, uint32_t id)
{
    if (c->count == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 256;
        void *bigger = realloc(c->list, cap * sizeof(*c->list));
        if (!bigger)
            return -ENOMEM;
        c->list = bigger;
        c->cap = cap;
    }
    c->list[c->count] = (struct known){term, id};
    return index_add(&c->by_term, hash_u64(0, term), (uint32_t)c->count++);
}

static int64_t describe(struct census *c, const struct erlproc *proc)
{
    struct target_state *t = c->target;
    char pid[ERLPROC_TEXT], name[ERLPROC_TEXT], initial[ERLPROC_TEXT];
    uint64_t slots = t->layout.table_size ? t->layout.table_size
                                          : t->process.process_table_size;
    erlproc_pid_text(proc->id, t->layout.release, slots, pid);
    erlproc_name(t->atoms, proc, name);
    erlproc_initial_call(t->atoms, proc, initial);
    return profile_process(c->profile, pid, name, initial, "", "");
}

/* By the sample itself, when it is of that process; else by what the node's
 * memory says now. */
static int identify(const struct census *c, uint64_t c_p,
                    const struct sample_process *at_sample,
                    struct erlproc *proc)
{
    const struct target_state *t = c->target;
    if (!c_p)
        return -E_NOT_FOUND;
    if (at_sample->c_p == c_p && at_sample->id)
        return erlproc_of_sample(at_sample, proc);
    return erlproc_read(&t->layout, &t->memory, c_p, proc);
}

int64_t census_process(struct census *c, uint64_t c_p,
                       const struct sample_process *at_sample)
{
    struct erlproc proc;
    if (identify(c, c_p, at_sample, &proc) != 0)
        return -E_NOT_FOUND;
    uint32_t place = index_find(&c->by_term, hash_u64(0, proc.id), same_term,
                                c->list, &proc.id);
    if (place != INDEX_NONE)
        return c->list[place].id;
    int64_t id = describe(c, &proc);
    int err = id < 0 ? 0 : remember(c, proc.id, (uint32_t)id);
    return err ? err : id;
}
