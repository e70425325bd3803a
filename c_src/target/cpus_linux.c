#include "target/cpus.h"

#include <string.h>

/* sched_getaffinity leaves out CPUs that are not active. */
void cpus_allowed(const struct threads *threads, struct cpus *out)
{
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < threads->count; i++) {
        struct cpus of;
        if (sched_getaffinity(threads->list[i].tid, sizeof(of), of.sets) == 0)
            CPU_OR_S(sizeof(of), out->sets, out->sets, of.sets);
    }
}

static bool cpus_has(const struct cpus *set, int cpu)
{
    return CPU_ISSET_S((size_t)cpu, sizeof(*set), set->sets);
}

int cpus_next(const struct cpus *set, int first)
{
    for (int cpu = first; cpu < CPUS_MAX; cpu++)
        if (cpus_has(set, cpu))
            return cpu;
    return -1;
}
