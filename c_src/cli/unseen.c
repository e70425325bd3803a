#include "cli/unseen.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"

uint64_t unseen_cpu_ns(pid_t pid)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
        return 0;
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

int unseen_note(struct profile *p, uint64_t used_ns, uint64_t paused_ns)
{
    struct profile_counters *c = profile_counters_edit(p);
    uint32_t rate = profile_meta(p)->rate_asked;
    if (rate == 0)
        return 0;
    uint64_t period = NS_PER_S / rate;
    uint64_t seen = (c->samples + c->lost + c->missed) * period;
    if (used_ns < seen + used_ns / 20 + 10 * period)
        return 0;
    char line[200];
    c->unseen_ms = (used_ns - seen) / NS_PER_MS;
    snprintf(
        line, sizeof(line),
        "of %.2f s of CPU time that the node used, %.2f s were not "
        "sampled: %s",
        (double)used_ns / (double)NS_PER_S,
        (double)(used_ns - seen) / (double)NS_PER_S,
        paused_ns
            ? "cprof was stopped for a time"
            : "most likely in threads that were too new or too short-lived");
    return profile_note(p, line);
}
