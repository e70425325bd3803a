/* The least that a timer sample can cost: a cpu-clock event with nothing but
 * the instruction pointer on every thread of a process, rings mapped, nobody
 * reads them. Prints "ready", runs until stdin ends, prints the threads.
 *
 *   bare_sample PID HZ */
#include <dirent.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { RING_PAGES = 1 + 16 };

static int open_event(int tid, unsigned hz)
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
    int fd = (int)syscall(SYS_perf_event_open, &attr, tid, -1, -1, 0);
    size_t size = RING_PAGES * (size_t)sysconf(_SC_PAGESIZE);
    if (fd < 0 ||
        mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ||
        ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) != 0)
        return -1;
    return fd;
}

int main(int argc, char **argv)
{
    char path[64];
    int threads = 0;
    if (argc != 3)
        return 2;
    snprintf(path, sizeof(path), "/proc/%d/task", atoi(argv[1]));
    DIR *tasks = opendir(path);
    if (!tasks)
        return 1;
    for (struct dirent *d; (d = readdir(tasks));)
        if (d->d_name[0] != '.' &&
            open_event(atoi(d->d_name), (unsigned)atoi(argv[2])) >= 0)
            threads++;
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    printf("%d threads\n", threads);
    return threads ? 0 : 1;
}
