#include "engine/engine.h"

#include <string.h>

/* Best first: "auto" takes the first that can work. */
const struct engine_ops *const engine_all[] = {&engine_bpf, &engine_perf, NULL};

static const struct engine_ops *best(pid_t pid, int *err)
{
    int first = -E_NO_ENGINE;
    for (size_t i = 0; engine_all[i]; i++) {
        int result = engine_all[i]->probe(pid);
        if (result == 0)
            return engine_all[i];
        if (i == 0)
            first = result;
    }
    *err = first;
    return NULL;
}

static const struct engine_ops *named(const char *name)
{
    for (size_t i = 0; engine_all[i]; i++)
        if (strcmp(engine_all[i]->name, name) == 0)
            return engine_all[i];
    return NULL;
}

const struct engine_ops *engine_choose(const char *name, pid_t pid, int *err)
{
    if (strcmp(name, "auto") == 0)
        return best(pid, err);
    const struct engine_ops *ops = named(name);
    int result = ops ? ops->probe(pid) : -E_UNKNOWN_ENGINE;
    if (result == 0)
        return ops;
    *err = result;
    return NULL;
}
