#include "profile/dump.h"

#include <errno.h>
#include <stdlib.h>

int dump_create(struct dump **out)
{
    struct dump *d = calloc(1, sizeof(*d));
    if (!d)
        return -ENOMEM;
    dump_groups_init(&d->groups);
    int err = profile_create(&d->profile);
    if (err) {
        dump_destroy(d);
        return err;
    }
    *out = d;
    return 0;
}

void dump_destroy(struct dump *d)
{
    if (!d)
        return;
    profile_destroy(d->profile);
    free(d->threads.list);
    dump_groups_deinit(&d->groups);
    free(d->asked);
    free(d);
}

const char *dump_seen_name(enum dump_seen seen)
{
    static const char *const names[] = {
#define X(id, name) [DUMP_##id] = name,
        DUMP_SEEN(X)
#undef X
    };
    return names[seen];
}

uint64_t dump_in_state(const struct dump *d, enum procstate state)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < d->groups.count; i++)
        if (d->groups.list[i].state == state)
            sum += d->groups.list[i].processes;
    return sum;
}

const char *dump_no_stack(const struct dump_group *g)
{
    if (g->stack != PROFILE_NONE)
        return NULL;
    switch (g->state) {
    case PROCSTATE_GC:
        return "no stack: a collection moves it";
    case PROCSTATE_EXITING:
        return "no stack: an exiting process gives it up";
    default:
        return "no stack: a running process changes it";
    }
}
