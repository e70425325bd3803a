#include "engine/ptrace_cpu.h"

#include <sched.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum {
    MAX_CPUS = 8192,
    CPU_FIELD = 39,
    STATE_FIELD = 3,
    SHORTEST_NAP_NS = 20 * 1000,
    NAP_NS = 80 * 1000,
};

/* The name, in parentheses before the state, may contain blanks and ')'. */
int ptrace_cpu_parse(const void *text, size_t len)
{
    const char *t = text;
    size_t at = len;
    int fields = STATE_FIELD - 1, cpu = -1;
    while (at > 0 && t[at - 1] != ')')
        at--;
    for (; at > 0 && at < len && fields <= CPU_FIELD; at++) {
        if (t[at] == ' ')
            fields++;
        else if (fields == CPU_FIELD && t[at] >= '0' && t[at] <= '9')
            cpu = (cpu < 0 ? 0 : cpu * 10) + t[at] - '0';
        if (cpu >= MAX_CPUS)
            return -1;
    }
    return cpu;
}

int ptrace_cpu_of(const struct ptrace_clock_files *f)
{
    char text[512];
    ssize_t len = pread(f->stat, text, sizeof(text), 0);
    int cpu = len > 0 ? ptrace_cpu_parse(text, (size_t)len) : 0;
    return cpu < 0 ? 0 : cpu;
}

static void go_to(int cpu)
{
    size_t size = CPU_ALLOC_SIZE(MAX_CPUS); /* more than cpu_set_t has */
    cpu_set_t *set = CPU_ALLOC(MAX_CPUS);
    if (!set)
        return;
    CPU_ZERO_S(size, set);
    CPU_SET_S((size_t)cpu, size, set);
    sched_setaffinity(0, size, set);
    CPU_FREE(set);
}

/* The last digits of the clock are random enough. */
static void nap(void)
{
    uint64_t random = clock_now_ns() * 2654435761u >> 8;
    const struct timespec moment = {0,
                                    SHORTEST_NAP_NS + (long)(random % NAP_NS)};
    nanosleep(&moment, NULL);
}

void ptrace_cpu_take(int cpu)
{
    go_to(cpu);
    nap();
}
