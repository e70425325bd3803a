#include "engine/engine.h"

#include <string.h>

#include "engine/rights.h"

const char *const engine_event_names[] = {[ENGINE_CPU_CLOCK] = "cpu-clock",
                                          [ENGINE_CYCLES] = "cycles",
                                          [ENGINE_WALL] = "wall",
                                          NULL};

/* The best first: ENGINE_AUTO takes the first that works. */
const struct engine_ops *const engine_all[] = {&engine_bpf, &engine_perf,
                                               &engine_ptrace, NULL};

/* The rights are read only after an error, to explain it. */
static int probe(const struct engine_ops *ops, pid_t pid)
{
    int err = ops->probe(pid);
    if (!err || !ops->open) /* not built in: rights do not matter */
        return err;
    struct rights rights;
    rights_read(pid, &rights);
    return rights_explain(&rights, err);
}

static void pass_over(struct engine_choice *choice,
                      const struct engine_ops *ops, int why)
{
    if (choice->better)
        return;
    choice->better = ops;
    choice->why = why;
}

/* Chooses the best engine from `first` on; *choice may already have skipped
 * others. */
static void choose_from(const struct engine_ops *const *first, pid_t pid,
                        struct engine_choice *choice)
{
    choice->ops = NULL;
    for (const struct engine_ops *const *e = first; *e && !choice->ops; e++) {
        if ((*e)->opt_in)
            continue;
        int err = probe(*e, pid);
        if (err)
            pass_over(choice, *e, err);
        else
            choice->ops = *e;
    }
}

static struct engine_choice named(const char *name, pid_t pid)
{
    for (const struct engine_ops *const *e = engine_all; *e; e++) {
        if (strcmp((*e)->name, name) != 0)
            continue;
        int err = probe(*e, pid);
        return (struct engine_choice){.ops = err ? NULL : *e, .why = err};
    }
    return (struct engine_choice){.why = -E_UNKNOWN_ENGINE};
}

static bool is_auto(const char *name)
{
    return strcmp(name, ENGINE_AUTO) == 0;
}

struct engine_choice engine_choose(const char *name, pid_t pid)
{
    struct engine_choice choice = {.why = 0};
    if (!is_auto(name))
        return named(name, pid);
    choose_from(engine_all, pid, &choice);
    return choice;
}

static const struct engine_ops *const *after(const struct engine_ops *ops)
{
    const struct engine_ops *const *e = engine_all;
    while (*e != ops)
        e++;
    return e + 1;
}

int engine_open(const char *name, const struct engine_config *config,
                struct engine_choice *choice, struct engine **out)
{
    *choice = engine_choose(name, config->pid);
    while (choice->ops) {
        int err = choice->ops->open(config, out);
        if (!err)
            return 0;
        if (!is_auto(name) || err == -E_GONE || err == -E_NO_PROCESS)
            return err;
        /* A probe cannot see everything, such as too little memory for all
         * rings. */
        pass_over(choice, choice->ops, err);
        choose_from(after(choice->ops), config->pid, choice);
    }
    return choice->why;
}
