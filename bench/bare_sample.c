/* The least that a timer sample can cost: a cpu-clock event with nothing but
 * the instruction pointer on every thread of a process, or on every CPU that
 * its main thread may run on, rings mapped, nobody reads them. Prints "ready",
 * runs until stdin ends, prints how many events there were.
 *
 *   bare_sample PID HZ [cpus] */
#define _GNU_SOURCE
#include <dirent.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { RING_PAGES = 1 + 16 };

static int open_event(int tid, int cpu, unsigned hz)
{
    struct perf_event_attr attr = {
        .size = sizeof(attr),
        .type = PERF_TYPE_SOFTWARE,
        .config = PERF_COUNT_SW_CPU_CLOCK,
        .sample_period = 1000000000u / hz,
        .sample_type = PERF_SAMPLE_IP,
        .disabled = 1,
        .watermark = 1,
        .wakeup_watermark = 1u << 30, /* nobody is woken */
        .write_backward = 1,          /* and a full ring goes on */
    };
    int fd = (int)syscall(SYS_perf_event_open, &attr, tid, cpu, -1, 0);
    size_t size = RING_PAGES * (size_t)sysconf(_SC_PAGESIZE);
    if (fd < 0 ||
        mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ||
        ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) != 0)
        return -1;
    return fd;
}

static int on_threads(int pid, unsigned hz)
{
    char path[64];
    int events = 0;
    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    if (!tasks)
        return 0;
    for (struct dirent *d; (d = readdir(tasks));)
        if (d->d_name[0] != '.' && open_event(atoi(d->d_name), -1, hz) >= 0)
            events++;
    return events;
}

static int on_cpus(int pid, unsigned hz)
{
    cpu_set_t cpus;
    int events = 0;
    if (sched_getaffinity(pid, sizeof(cpus), &cpus) != 0)
        return 0;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &cpus) && open_event(-1, cpu, hz) >= 0)
            events++;
    return events;
}

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 4)
        return 2;
    int pid = atoi(argv[1]);
    unsigned hz = (unsigned)atoi(argv[2]);
    int events = argc == 4 ? on_cpus(pid, hz) : on_threads(pid, hz);
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    printf("%d events\n", events);
    return events ? 0 : 1;
}
