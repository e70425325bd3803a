#include "recorder/carried.h"

#include <stdlib.h>
#include <string.h>

#include "base/add.h"
#include "base/array.h"

struct kept {
    bool any;
    struct profile_sample row; /* of the last sample */
    uint64_t values[PROFILE_MAX_VALUES];
};

struct carried {
    struct profile *to;
    size_t values;     /* of a row */
    struct kept *list; /* by process */
    size_t count, cap;
};

int carried_open(struct profile *to, struct carried **out)
{
    struct carried *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    c->to = to;
    c->values = profile_value_count(to);
    *out = c;
    return 0;
}

void carried_close(struct carried *c)
{
    if (c)
        free(c->list);
    free(c);
}

static int reserve(struct carried *c, uint32_t process)
{
    size_t need = (size_t)process + 1, had = c->cap;
    int err = ARRAY_RESERVE(c->list, c->cap, need);
    if (err)
        return err;
    memset(c->list + had, 0, (c->cap - had) * sizeof(*c->list));
    c->count = need > c->count ? need : c->count;
    return 0;
}

int carried_keep(struct carried *c, const struct profile_sample *row,
                 const uint64_t *values)
{
    if (row->process == PROFILE_NONE)
        return profile_add(c->to, row, values);
    int err = reserve(c, row->process);
    if (err)
        return err;
    struct kept *k = &c->list[row->process];
    k->any = true;
    k->row = *row;
    for (size_t i = 0; i < c->values; i++)
        add_capped(&k->values[i], values[i]);
    return 0;
}

void carried_join(struct carried *c, const struct profile_sample *row,
                  uint64_t *values)
{
    if (row->process == PROFILE_NONE || row->process >= c->count ||
        !c->list[row->process].any)
        return;
    struct kept *k = &c->list[row->process];
    for (size_t i = 0; i < c->values; i++)
        add_capped(&values[i], k->values[i]);
    *k = (struct kept){.any = false};
}

int carried_settle(struct carried *c)
{
    int err = 0;
    for (size_t i = 0; i < c->count; i++) {
        struct kept *k = &c->list[i];
        if (k->any && !err)
            err = profile_add(c->to, &k->row, k->values);
        k->any = false;
    }
    return err;
}
