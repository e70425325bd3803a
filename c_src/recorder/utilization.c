#include "recorder/utilization.h"

#include <math.h>

static bool is_normal(const struct live_cpu *cpu, const struct profile *p,
                      uint32_t thread)
{
    if (thread == PROFILE_NONE)
        return false;
    const struct live_cpu_thread *t =
        live_cpu_find(cpu, (pid_t)profile_thread_at(p, thread)->tid);
    return t && t->kind == THREAD_NORMAL;
}

/* The part of the CPU time that was work. */
static double at_work(const struct live_cpu *cpu, const struct profile *p,
                      uint32_t bucket)
{
    uint32_t value = profile_find_value(p, VALUE_CPU);
    uint64_t all = 0, idle = 0;
    for (size_t i = 0; i < profile_sample_count(p); i++) {
        const struct profile_sample *row = profile_sample_at(p, i);
        if (row->bucket != bucket || !is_normal(cpu, p, row->thread))
            continue;
        uint64_t ns = profile_value(p, i, value);
        all += ns;
        idle += row->state == STATE_IDLE ? ns : 0;
    }
    return all ? 1 - (double)idle / (double)all : 1;
}

double utilization_of(const struct live_cpu *cpu, const struct profile *p,
                      uint32_t bucket)
{
    double used = 0;
    unsigned schedulers = 0;
    for (size_t i = 0; i < cpu->thread_count; i++) {
        if (cpu->threads[i].kind != THREAD_NORMAL)
            continue;
        used += live_cpu_of_thread(cpu, &cpu->threads[i], 1) +
                live_cpu_waited(cpu, &cpu->threads[i], 1);
        schedulers++;
    }
    if (schedulers == 0 || isnan(used))
        return NAN;
    double percent = 100 * used / schedulers * at_work(cpu, p, bucket);
    return percent < 100 ? percent : 100;
}
