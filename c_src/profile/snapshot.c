#include "profile/snapshot.h"

#include <stdlib.h>

struct snapshot *snapshot_create(void)
{
    struct snapshot *s = calloc(1, sizeof(*s));
    if (s)
        dump_groups_init(&s->waiting);
    return s;
}

void snapshot_destroy(struct snapshot *s)
{
    if (!s)
        return;
    dump_destroy(s->dump);
    for (int i = 0; i < SNAPSHOT_TOPS; i++)
        free(s->tops[i].rows);
    dump_groups_deinit(&s->waiting);
    free(s->schedulers);
    free(s);
}

const char *snapshot_kind_word(enum snapshot_kind kind)
{
    static const char *const words[SNAPSHOT_KINDS] = {
        [SNAPSHOT_NORMAL] = "normal",
        [SNAPSHOT_DIRTY_CPU] = "dirty_cpu",
        [SNAPSHOT_DIRTY_IO] = "dirty_io",
    };
    return words[kind];
}

/* --- what is missing ------------------------------------------------------ */

const struct snapshot_missing snapshot_inside[] = {
    {"schedulers.utilization",
     "how much of the schedulers' CPU time was work, and not busy-wait"},
    {"schedulers.run_queue",
     "the run queues; processes that wait in one are runnable"},
    {"binaries.total",
     "the size of all binaries, and so that of those in mailboxes and ETS"},
    {"binaries.distinct",
     "the binaries of processes with each one counted once"},
    {"memory.total",
     "the memory by purpose, such as ETS tables, and which table is large"},
    {"allocators", "how much of their memory the VM's allocators use"},
    {NULL, NULL},
};

const struct snapshot_missing *snapshot_not_found(const struct snapshot *s,
                                                  unsigned figure)
{
    static const struct snapshot_missing rows[SNAPSHOT_FIGURES] = {
        {"mailboxes", "the length of mailboxes"},
        {"processes.top", "the reductions of processes"},
        {"memory.top", "the size of heaps"},
        {"binaries", "the binaries that processes hold"},
        {"processes.created_per_s", "how many processes are created"},
    };
    const bool known[SNAPSHOT_FIGURES] = {s->knows.mailboxes,
                                          s->knows.reductions, s->knows.heaps,
                                          s->knows.binaries, s->knows_created};
    return known[figure] ? NULL : &rows[figure];
}
