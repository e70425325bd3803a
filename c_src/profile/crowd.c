#include "profile/crowd.h"

#include <errno.h>
#include <stdlib.h>

#include "base/intern.h"
#include "profile/distinct.h"

struct kind {
    struct crowd_kind key;
    uint64_t alone;
    struct distinct members;
};

/* Counts how often a process of a crowd was seen. Many pids share a slot, which
 * counts one of them. Each sample of another pid lowers the count, so that a
 * process that has ended does not keep the slot. */
enum { SLOTS = 1024 };
struct slot {
    uint64_t pid;
    uint32_t seen;
};

struct crowd {
    uint32_t alone; /* processes of a kind that have their own rows */
    struct intern kinds;
    struct slot slots[SLOTS];
};

int crowd_open(struct crowd **out)
{
    struct crowd *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    c->alone = CROWD_ALONE;
    intern_init(&c->kinds, sizeof(struct kind), sizeof(struct crowd_kind));
    *out = c;
    return 0;
}

void crowd_allow(struct crowd *c, uint32_t alone)
{
    c->alone = alone;
}

static struct kind *kind_at(const struct crowd *c, uint32_t id)
{
    return (struct kind *)c->kinds.rows + id;
}

void crowd_close(struct crowd *c)
{
    if (!c)
        return;
    for (uint32_t i = 0; i < c->kinds.len; i++)
        distinct_deinit(&kind_at(c, i)->members);
    intern_deinit(&c->kinds);
    free(c);
}

static bool seen_often(struct crowd *c, uint64_t pid)
{
    struct slot *slot = &c->slots[hash_u64(1, pid) % SLOTS];
    if (slot->pid == pid)
        return ++slot->seen >= CROWD_SEEN_OFTEN;
    if (slot->seen > 0)
        slot->seen--;
    if (slot->seen == 0)
        *slot = (struct slot){pid, 1};
    return false;
}

int crowd_place(struct crowd *c, const struct crowd_kind *key, uint64_t pid)
{
    int64_t id = intern_row(&c->kinds, &(struct kind){.key = *key});
    if (id < 0)
        return (int)id;
    struct kind *kind = kind_at(c, (uint32_t)id);
    if (kind->alone < c->alone) {
        kind->alone++;
        return CROWD_ITS_OWN;
    }
    if (seen_often(c, pid))
        return CROWD_ITS_OWN;
    int err = distinct_add(&kind->members, pid);
    return err ? err : (int)id;
}

uint64_t crowd_members(const struct crowd *c, uint32_t n)
{
    return distinct_count(&kind_at(c, n)->members);
}
