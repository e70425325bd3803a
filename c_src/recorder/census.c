#include "recorder/census.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/index.h"
#include "profile/crowd.h"
#include "target/erlproc.h"

struct member {
    uint64_t term; /* pid */
    uint32_t id;   /* of the profile */
};

struct census {
    struct target_state *target;
    struct profile *profile;
    struct member *list;
    size_t count, cap;
    struct index by_term;
    struct crowd *crowd;
    uint32_t *crowd_rows; /* by crowd: of the profile, or PROFILE_NONE */
    size_t crowd_count, crowd_cap;
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
    int err = crowd_open(&c->crowd);
    if (err) {
        census_close(c);
        return err;
    }
    *out = c;
    return 0;
}

void census_close(struct census *c)
{
    if (!c)
        return;
    index_deinit(&c->by_term);
    crowd_close(c->crowd);
    free(c->crowd_rows);
    free(c->list);
    free(c);
}

static bool same_term(const void *things, uint32_t id, const void *key)
{
    return ((const struct member *)things)[id].term == *(const uint64_t *)key;
}

static int remember(struct census *c, uint64_t term, uint32_t id)
{
    int err = ARRAY_RESERVE(c->list, c->cap, c->count + 1);
    if (err)
        return err;
    c->list[c->count] = (struct member){term, id};
    return index_add(&c->by_term, hash_u64(0, term), (uint32_t)c->count++);
}

static int64_t describe_alone(struct census *c, const struct erlproc *proc)
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

/* --- the row of a crowd ---------------------------------------------------
 */

static int64_t describe_crowd(struct census *c, const struct erlproc *proc)
{
    char initial[ERLPROC_TEXT];
    erlproc_initial_call(c->target->atoms, proc, initial);
    return profile_process(c->profile, "", "", initial, "", "");
}

static int reserve_crowd(struct census *c, size_t crowd)
{
    int err = ARRAY_RESERVE(c->crowd_rows, c->crowd_cap, crowd + 1);
    while (!err && c->crowd_count <= crowd)
        c->crowd_rows[c->crowd_count++] = PROFILE_NONE;
    return err;
}

static int64_t crowd_row(struct census *c, const struct erlproc *proc,
                         uint32_t crowd)
{
    int64_t id = reserve_crowd(c, crowd);
    if (!id && c->crowd_rows[crowd] == PROFILE_NONE)
        id = describe_crowd(c, proc);
    else if (!id)
        id = c->crowd_rows[crowd];
    if (id < 0)
        return id;
    c->crowd_rows[crowd] = (uint32_t)id;
    int err = profile_set_members(c->profile, (uint32_t)id,
                                  crowd_members(c->crowd, crowd));
    return err ? err : id;
}

/* The row of a process that is not remembered, and whether it is its own. A
 * name tells one process from all others of its kind. */
static int64_t describe(struct census *c, const struct erlproc *proc,
                        bool *alone)
{
    const struct crowd_kind kind = {
        {proc->initial[0], proc->initial[1], proc->initial[2]}};
    int place =
        proc->name ? CROWD_ITS_OWN : crowd_place(c->crowd, &kind, proc->id);
    *alone = place == CROWD_ITS_OWN;
    if (place < 0)
        return place;
    return *alone ? describe_alone(c, proc)
                  : crowd_row(c, proc, (uint32_t)place);
}

/* --- by sample ------------------------------------------------------------ */

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

static int64_t known(const struct census *c, uint64_t term)
{
    uint32_t place =
        index_find(&c->by_term, hash_u64(0, term), same_term, c->list, &term);
    return place == INDEX_NONE ? -E_NOT_FOUND : (int64_t)c->list[place].id;
}

static int64_t learn(struct census *c, const struct erlproc *proc)
{
    bool alone;
    int64_t id = describe(c, proc, &alone);
    int err = id < 0 || !alone ? 0 : remember(c, proc->id, (uint32_t)id);
    return err ? err : id;
}

int64_t census_process(struct census *c, uint64_t c_p,
                       const struct sample_process *at_sample)
{
    struct erlproc proc;
    if (identify(c, c_p, at_sample, &proc) != 0)
        return -E_NOT_FOUND;
    int64_t id = known(c, proc.id);
    return id == -E_NOT_FOUND ? learn(c, &proc) : id;
}

int64_t census_owner(struct census *c, uint64_t pid)
{
    const struct target_state *t = c->target;
    struct erlproc proc;
    int64_t id = known(c, pid);
    if (id != -E_NOT_FOUND)
        return id;
    if (erlproc_find(&t->layout, &t->memory, pid, &proc) != 0)
        proc = (struct erlproc){.id = pid};
    return learn(c, &proc);
}
