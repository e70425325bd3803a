#include "engine/perf_jitter.h"

#include "base/clock.h"

enum {
    PERCENT = 2,
    /* A new period makes the kernel forget the CPU time since the last
     * sample, half a period on average. Drawn once in so many samples of the
     * thread, that costs every thread the same 0.4 %, also those that run a
     * little at a time. */
    EVERY = 128,
};

void perf_jitter_init(struct perf_jitter *j, pid_t tid)
{
    *j = (struct perf_jitter){.random =
                                  clock_now_ns() * 2654435761u + (uint64_t)tid};
}

/* xorshift64* (Marsaglia, Vigna): one word of state is plenty here. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state ? *state : 1;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 2685821657736338717ull;
}

void perf_jitter_redraw(struct perf_jitter *j, int fd,
                        const struct perf_event_setup *setup)
{
    if (setup->event != ENGINE_CPU_CLOCK || j->samples < EVERY)
        return;
    uint64_t width = setup->period_ns * PERCENT / 100;
    uint64_t period =
        setup->period_ns - width + next_random(&j->random) % (2 * width + 1);
    j->samples = 0;
    perf_event_set_period(fd, period);
}
