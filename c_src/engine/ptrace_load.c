#include "engine/ptrace_load.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "engine/ptrace_clock.h"

enum {
    PAUSE_NS = 3 * 1000 * 1000,
    /* A hold takes some 30 us. We should not wait for a CPU for ten times as
     * long during it. */
    LONG_WAIT_NS = 300 * 1000,
};

/* "0.37 1.46 1.33 2/311 4711": the number before the slash. */
unsigned ptrace_load_parse(const char *text, size_t len)
{
    unsigned value = 0;
    for (size_t i = 0; i < len && text[i] != '/'; i++)
        if (text[i] >= '0' && text[i] <= '9')
            value = value * 10 + (unsigned)(text[i] - '0');
        else
            value = 0;
    return value;
}

static unsigned others_runnable(int loadavg)
{
    char text[128];
    ssize_t len = pread(loadavg, text, sizeof(text), 0);
    unsigned all = len > 0 ? ptrace_load_parse(text, (size_t)len) : 0;
    return all ? all - 1 : 0;
}

static uint64_t own_wait(const struct ptrace_clock_files *own)
{
    struct schedstat c;
    return ptrace_clock_read(own, &c) == 0 ? c.wait_ns : 0;
}

static void look(struct ptrace_load *load, int loadavg,
                 const struct ptrace_clock_files *own)
{
    const struct timespec pause = {0, PAUSE_NS};
    uint64_t before = own_wait(own);
    for (size_t i = 0; i < PTRACE_LOAD_LOOKS; i++) {
        nanosleep(&pause, NULL);
        uint64_t waited = own_wait(own);
        load->wait_ns[i] = waited - before;
        load->runnable[i] = others_runnable(loadavg);
        before = waited;
    }
    load->looks = PTRACE_LOAD_LOOKS;
}

void ptrace_load_look(struct ptrace_load *out)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    int loadavg = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
    struct ptrace_clock_files own;
    int err = ptrace_clock_open(getpid(), gettid(), &own);
    *out = (struct ptrace_load){.cpus = cpus > 0 ? (unsigned)cpus : 0};
    if (loadavg >= 0 && !err)
        look(out, loadavg, &own);
    if (loadavg >= 0)
        close(loadavg);
    if (!err)
        ptrace_clock_close(&own);
}

bool ptrace_load_saturated(const struct ptrace_load *load)
{
    size_t crowded = 0, waits = 0;
    for (size_t i = 0; i < load->looks; i++) {
        crowded += load->runnable[i] > load->cpus;
        waits += load->wait_ns[i] > LONG_WAIT_NS;
    }
    return load->cpus > 0 &&
           (crowded * 2 > load->looks || waits * 10 > load->looks);
}
