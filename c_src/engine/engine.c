#include "engine/engine.h"

#include <string.h>

#include "engine/rights.h"

/* Best first: "auto" takes the first that can work. */
const struct engine_ops *const engine_all[] = {&engine_bpf, &engine_perf,
                                               &engine_ptrace, NULL};

/* What the rights say about it is worth a look only when it failed. */
static int probe(const struct engine_ops *ops, pid_t pid)
{
    int err = ops->probe(pid);
    if (!err || !ops->open) /* not built in: that is the reason */
        return err;
    struct rights rights;
    rights_read(pid, &rights);
    return rights_explain(&rights, err);
}

static struct engine_choice best(pid_t pid)
{
    struct engine_choice choice = {.why = 0};
    for (const struct engine_ops *const *e = engine_all; *e; e++) {
        if ((*e)->opt_in)
            continue;
        int err = probe(*e, pid);
        if (!err) {
            choice.ops = *e;
            return choice;
        }
        if (!choice.better) {
            choice.better = *e;
            choice.why = err;
        }
    }
    choice.better = NULL;
    return choice;
}

struct engine_choice engine_choose(const char *name, pid_t pid)
{
    if (strcmp(name, "auto") == 0)
        return best(pid);
    for (const struct engine_ops *const *e = engine_all; *e; e++) {
        if (strcmp((*e)->name, name) != 0)
            continue;
        int err = probe(*e, pid);
        return (struct engine_choice){.ops = err ? NULL : *e, .why = err};
    }
    return (struct engine_choice){.why = -E_UNKNOWN_ENGINE};
}
