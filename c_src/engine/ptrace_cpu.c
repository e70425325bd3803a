#include "engine/ptrace_cpu.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_CPUS = 8192, CPU_FIELD = 39, STATE_FIELD = 3 };

/* Machines can have more CPUs than a cpu_set_t. */
static cpu_set_t *allowed(size_t *size)
{
    cpu_set_t *set = CPU_ALLOC(MAX_CPUS);
    *size = CPU_ALLOC_SIZE(MAX_CPUS);
    if (!set)
        return NULL;
    CPU_ZERO_S(*size, set);
    if (sched_getaffinity(0, *size, set) == 0)
        return set;
    CPU_FREE(set);
    return NULL;
}

bool ptrace_cpu_is_one(void)
{
    size_t size;
    cpu_set_t *set = allowed(&size);
    bool one = !set || CPU_COUNT_S(size, set) == 1;
    if (set)
        CPU_FREE(set);
    return one;
}

/* The name, in parentheses before the state, may itself hold blanks and ')'. */
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

static int cpu_of(const struct ptrace_clock_files *f)
{
    char text[512];
    ssize_t len = pread(f->stat, text, sizeof(text), 0);
    return len > 0 ? ptrace_cpu_parse(text, (size_t)len) : -1;
}

/* Only for the move: when the thread has stopped, its CPU is the one that is
 * free for us to go on with. */
static bool leave(int cpu)
{
    size_t size;
    cpu_set_t *set = allowed(&size);
    bool moved = false;
    if (!set)
        return false;
    CPU_CLR_S((size_t)cpu, size, set);
    if (CPU_COUNT_S(size, set) > 0 && sched_setaffinity(0, size, set) == 0) {
        CPU_SET_S((size_t)cpu, size, set);
        sched_setaffinity(0, size, set);
        moved = true;
    }
    CPU_FREE(set);
    return moved;
}

bool ptrace_cpu_give_way(const struct ptrace_clock_files *f)
{
    int cpu = cpu_of(f);
    return cpu >= 0 && cpu == sched_getcpu() && leave(cpu);
}
