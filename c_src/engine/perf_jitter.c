#include "engine/perf_jitter.h"

#include "base/clock.h"
#include "base/random.h"

/* With a new period, the kernel forgets the CPU time since the last sample,
 * half a period on average. As it is drawn only once in PERF_JITTER_EVERY
 * samples, this is 0.4 % for every thread, even one that runs only a little at
 * a time. */
enum { PERCENT = 2 };

void perf_jitter_init(struct perf_jitter *j, int number)
{
    *j = (struct perf_jitter){.random = clock_now_ns() * 2654435761u +
                                        (uint64_t)number};
}

uint64_t perf_jitter_period(struct perf_jitter *j, uint64_t nominal_ns)
{
    uint64_t width = nominal_ns * PERCENT / 100;
    return nominal_ns - width + random_next(&j->random) % (2 * width + 1);
}

bool perf_jitter_redraw(struct perf_jitter *j, int fd,
                        const struct perf_event_setup *setup)
{
    if (setup->event != ENGINE_CPU_CLOCK || j->samples < PERF_JITTER_EVERY)
        return false;
    j->samples = 0;
    return perf_event_set_period(fd, perf_jitter_period(j, setup->period_ns)) ==
           0;
}
