#include "engine/perf_load.h"

#include "base/clock.h"
#include "engine/schedstat.h"

/* A sum becomes smaller when a thread ends. */
static uint64_t less(uint64_t later, uint64_t earlier)
{
    return later > earlier ? later - earlier : 0;
}

struct perf_duty_load perf_load_so_far(pid_t pid, const struct threads *threads)
{
    struct perf_duty_load sum = {.ns = clock_now_ns()};
    for (size_t i = 0; i < threads->count; i++) {
        struct schedstat s;
        if (schedstat_read(pid, threads->list[i].tid, &s) != 0)
            continue;
        sum.runs += s.runs;
        sum.cpu_ns += s.cpu_ns;
    }
    return sum;
}

struct perf_duty_load perf_load_between(const struct perf_duty_load *first,
                                        const struct perf_duty_load *then)
{
    return (struct perf_duty_load){.ns = less(then->ns, first->ns),
                                   .runs = less(then->runs, first->runs),
                                   .cpu_ns = less(then->cpu_ns, first->cpu_ns)};
}

void perf_load_add(pid_t pid, struct perf_thread *t, struct perf_duty_load *sum)
{
    struct schedstat now;
    if (schedstat_read(pid, t->tid, &now) != 0)
        return;
    sum->runs += less(now.runs, t->seen.runs);
    sum->cpu_ns += less(now.cpu_ns, t->seen.cpu_ns);
    t->seen = now;
}
