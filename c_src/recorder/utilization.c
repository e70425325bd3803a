#include "recorder/utilization.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

void utilization_deinit(struct utilization *u)
{
    live_cpu_deinit(&u->cpu);
}

static int mark_normal(struct live_cpu *cpu, pid_t pid,
                       const struct threads *threads)
{
    struct threads normal = {
        .list = malloc((threads->count + 1) * sizeof(*normal.list))};
    if (!normal.list)
        return -ENOMEM;
    for (size_t i = 0; i < threads->count; i++)
        if (threads->list[i].kind == THREAD_NORMAL)
            normal.list[normal.count++] = threads->list[i];
    int err = live_cpu_mark(cpu, pid, &normal);
    free(normal.list);
    return err;
}

/* Without a sample, there was hardly any CPU time. */
int utilization_mark(struct utilization *u, pid_t pid,
                     const struct threads *threads,
                     const struct pipeline_work *worked)
{
    uint64_t all = worked->cpu_ns - u->worked.cpu_ns,
             idle = worked->idle_ns - u->worked.idle_ns;
    u->at_work = all ? 1 - (double)idle / (double)all : 1;
    u->worked = *worked;
    return mark_normal(&u->cpu, pid, threads);
}

/* A scheduler that is offline from the beginning has come onto a CPU five times
 * (OTP 25); one that is not, some hundred times before the node has started. */
enum { RUNS_OFFLINE = 20 };

static bool has_worked(const struct utilization *u,
                       const struct live_cpu_thread *t)
{
    return t->runs > RUNS_OFFLINE || live_cpu_of_thread(&u->cpu, t, 1) > 0;
}

/* Of all schedulers together, in intervals. */
struct shares {
    double cpu, waited;
    unsigned schedulers;
};

/* The kernel counts a wait when it has ended, so that of one interval may be
 * longer than that. */
static struct shares shares_of(const struct utilization *u)
{
    struct shares s = {.schedulers = 0};
    for (size_t i = 0; i < u->cpu.thread_count; i++) {
        const struct live_cpu_thread *t = &u->cpu.threads[i];
        double waited = live_cpu_waited(&u->cpu, t, 1);
        if (!has_worked(u, t))
            continue;
        s.schedulers++;
        s.cpu += live_cpu_of_thread(&u->cpu, t, 1);
        s.waited += waited > 1 ? 1 : waited;
    }
    return s;
}

double utilization_percent(const struct utilization *u)
{
    struct shares s = shares_of(u);
    if (live_cpu_spans(&u->cpu, 1) == 0 || s.schedulers == 0 || isnan(s.cpu) ||
        isnan(s.waited))
        return NAN;
    double rest = s.schedulers - s.waited, work = s.cpu * u->at_work;
    return work < rest ? 100 * work / rest : 100;
}

double utilization_waited(const struct utilization *u)
{
    struct shares s = shares_of(u);
    return live_cpu_spans(&u->cpu, 1) && s.schedulers
               ? 100 * s.waited / s.schedulers
               : NAN;
}
