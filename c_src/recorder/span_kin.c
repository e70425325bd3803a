#include "recorder/span_kin.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/term.h"
#include "target/procdict.h"

static const struct pace read_pace = {.burst_ns = 100 * NS_PER_MS, .share = 9};

struct span_kin {
    struct target_state *target;
    struct term_node node;
    struct procdict_reader *dictionaries;
    struct pace paces[EVENT_COUNT];
};

int span_kin_open(struct target_state *target, struct span_kin **out)
{
    struct span_kin *k = calloc(1, sizeof(*k));
    if (!k)
        return -ENOMEM;
    k->target = target;
    for (int i = 0; i < EVENT_COUNT; i++)
        k->paces[i] = read_pace;
    k->node =
        (struct term_node){.memory = &target->memory, .atoms = target->atoms};
    int err = procdict_open(&target->layout, &k->node, &k->dictionaries);
    if (err)
        span_kin_close(k);
    else
        *out = k;
    return err;
}

void span_kin_close(struct span_kin *k)
{
    if (k)
        procdict_close(k->dictionaries);
    free(k);
}

/* --- for whom a process works --------------------------------------------- */

/* The caller of a task is whom it works for; its ancestor may be only its
 * supervisor. */
static uint64_t of_dictionary(const struct procdict *says, uint64_t pid)
{
    uint64_t who = says->caller ? says->caller : says->ancestor;
    return term_is_pid(who) && who != pid ? who : 0;
}

static bool read_kin(struct span_kin *k, uint64_t pid, uint64_t *works_for)
{
    const struct target_state *t = k->target;
    struct erlproc proc;
    struct procdict says = {.initial = {0}};
    if (erlproc_find(&t->layout, &t->memory, pid, &proc) != 0)
        return true; /* it has ended */
    int err = procdict_read(k->dictionaries, &proc, &says);
    if (err == -E_TORN)
        return false;
    if (!err)
        *works_for = of_dictionary(&says, pid);
    return true;
}

bool span_kin_of(struct span_kin *k, enum event event, uint64_t pid,
                 uint64_t *works_for)
{
    *works_for = 0;
    if (!pace_begin(&k->paces[event]))
        return false;
    k->node.release = k->target->layout.release;
    bool done = read_kin(k, pid, works_for);
    pace_end(&k->paces[event]);
    return done;
}

/* --- who lives ------------------------------------------------------------ */

enum { AT_ONCE = 256 };

/* Two steps for many processes at once: where each slot of the process table
 * leads to, and which process is there. */
static void look(const struct span_kin *k, const uint64_t *pids, size_t n,
                 bool *alive)
{
    const struct layout *l = &k->target->layout;
    const struct memory *m = &k->target->memory;
    uint64_t at[AT_ONCE], id[AT_ONCE];
    struct memory_span spans[AT_ONCE];
    for (size_t i = 0; i < n; i++) {
        uint64_t slot =
            term_slot(pids[i], term_is_old(pids[i], l->release), l->table_size);
        spans[i] = (struct memory_span){l->table + 8 * slot, &at[i], 8, false};
    }
    if (memory_read_many(m, spans, n) != (int)n)
        return;
    for (size_t i = 0; i < n; i++)
        spans[i] = (struct memory_span){at[i] + l->offset[LAYOUT_ID], &id[i], 8,
                                        false};
    if (memory_read_many(m, spans, n) < 0)
        return;
    for (size_t i = 0; i < n; i++)
        alive[i] = at[i] != 0 && (!spans[i].ok || id[i] == pids[i]);
}

void span_kin_lives(void *ctx, const uint64_t *pids, size_t n, bool *alive)
{
    const struct span_kin *k = ctx;
    const struct layout *l = &k->target->layout;
    for (size_t i = 0; i < n; i++)
        alive[i] = true;
    if (!l->table || !l->table_size || !l->known[LAYOUT_ID])
        return;
    for (size_t i = 0; i < n; i += AT_ONCE)
        look(k, pids + i, n - i < AT_ONCE ? n - i : AT_ONCE, alive + i);
}
