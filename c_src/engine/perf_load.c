#include "engine/perf_load.h"

#include "base/clock.h"
#include "base/minus.h"
#include "engine/schedstat.h"

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

/* A sum becomes smaller when a thread ends. */
struct perf_duty_load perf_load_between(const struct perf_duty_load *first,
                                        const struct perf_duty_load *then)
{
    return (struct perf_duty_load){
        .ns = minus_capped(then->ns, first->ns),
        .runs = minus_capped(then->runs, first->runs),
        .cpu_ns = minus_capped(then->cpu_ns, first->cpu_ns)};
}

struct perf_load perf_load_since(pid_t pid, struct perf_thread *t, bool user)
{
    struct schedstat s;
    struct perf_load now = {.known = true}, before = t->load;
    if (schedstat_read(pid, t->tid, &s) != 0 ||
        (user && schedstat_user_ns(pid, t->tid, &now.user_ns) != 0))
        return (struct perf_load){0};
    now.runs = s.runs;
    now.cpu_ns = s.cpu_ns;
    t->load = now;
    if (!before.known)
        return (struct perf_load){0};
    return (struct perf_load){
        .known = true,
        .runs = minus_capped(now.runs, before.runs),
        .cpu_ns = minus_capped(now.cpu_ns, before.cpu_ns),
        .user_ns = minus_capped(now.user_ns, before.user_ns),
    };
}
