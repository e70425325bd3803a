#include "recorder/own_canary.h"

#include <string.h>

#include "target/erlproc.h"

bool own_canary_is(struct own_canary *c, const struct proctable_process *p)
{
    const struct target_state *t = c->target;
    struct erlproc read;
    char name[ERLPROC_TEXT];
    if (!t || !p->has_name)
        return false;
    if (c->pid == p->id)
        return true;
    if (c->pid || erlproc_read(&t->layout, &t->memory, p->address, &read) != 0)
        return false;
    erlproc_name(t->atoms, &read, name);
    if (strcmp(name, "cprof_canary") != 0)
        return false;
    c->pid = p->id;
    return true;
}
