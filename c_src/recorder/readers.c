#include "recorder/readers.h"

#include "engine/rights.h"

int readers_open(struct target_state *t, struct readers *out)
{
    const struct unwind_config unwind = {.process = &t->process,
                                         .memory = &t->memory,
                                         .jit = t->jit,
                                         .layout = &t->layout};
    const struct symbols_config symbols = {
        .process = &t->process, .memory = &t->memory, .jit = t->jit};
    *out = (struct readers){NULL, NULL};
    int err = unwinder_open(&unwind, &out->unwinder);
    if (!err)
        err = symbols_open(&symbols, &out->symbols);
    return err ? err : readers_set_maps(out, &t->maps);
}

void readers_close(struct readers *r)
{
    symbols_close(r->symbols);
    unwinder_close(r->unwinder);
    *r = (struct readers){NULL, NULL};
}

int readers_set_maps(struct readers *r, const struct maps *maps)
{
    int err = unwinder_set_maps(r->unwinder, maps);
    return err ? err : symbols_set_maps(r->symbols, maps);
}

void readers_prepare(struct readers *r, bool kernel)
{
    unwinder_prepare(r->unwinder);
    symbols_prepare(r->symbols, kernel);
}

int readers_explain(int err, pid_t pid)
{
    struct rights rights;
    rights_read(pid, &rights);
    return rights_explain(&rights, err);
}
