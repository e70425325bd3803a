#include "engine/perf_event.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/perf_regs.h"

#define MEASURE_NS (5 * NS_PER_MS)

/* PERF_FORMAT_LOST, which headers before Linux 6.0 do not have. */
enum { FORMAT_LOST = 1 << 4 };

static void set_event(struct perf_event_attr *attr,
                      const struct perf_event_setup *setup)
{
    if (setup->event == ENGINE_CPU_CLOCK) {
        attr->type = PERF_TYPE_SOFTWARE;
        attr->config = PERF_COUNT_SW_CPU_CLOCK;
        attr->sample_period = setup->period_ns;
        return;
    }
    /* The kernel adjusts the period to the rate, beginning with one cycle, so a
     * thread begins with a short burst of samples. */
    attr->type = PERF_TYPE_HARDWARE;
    attr->config = PERF_COUNT_HW_CPU_CYCLES;
    attr->freq = setup->cycles == 0;
    if (setup->cycles)
        attr->sample_period = setup->cycles;
    else
        attr->sample_freq = setup->rate;
}

static void set_content(struct perf_event_attr *attr,
                        const struct perf_event_setup *setup)
{
    attr->exclude_kernel = !setup->kernel;
    attr->exclude_hv = 1;
    if (setup->bare) {
        attr->sample_type = PERF_SAMPLE_IP;
        return;
    }
    attr->wakeup_events = 1; /* data that is read later becomes stale */
    attr->task = 1;          /* records about new threads */
    attr->sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
                        PERF_SAMPLE_PERIOD | PERF_SAMPLE_REGS_USER |
                        PERF_SAMPLE_STACK_USER;
    attr->sample_regs_user = perf_regs_mask;
    attr->sample_stack_user = setup->stack_bytes;
    if (setup->callchain) {
        attr->sample_type |= PERF_SAMPLE_CALLCHAIN;
        attr->exclude_callchain_user = 1;
        attr->sample_max_stack = SAMPLE_MAX_KERNEL_FRAMES;
    }
}

static int try_open(const struct perf_event_attr *attr, pid_t tid, int cpu)
{
    long fd =
        syscall(SYS_perf_event_open, attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
    return fd < 0 ? -errno : (int)fd;
}

static int open_event(pid_t tid, int cpu, const struct perf_event_setup *setup)
{
    struct perf_event_attr attr = {.size = sizeof(attr)};
    set_event(&attr, setup);
    set_content(&attr, setup);
    attr.disabled = 1;
    attr.use_clockid = 1;
    attr.clockid = CLOCK_MONOTONIC;
    attr.read_format = FORMAT_LOST;
    int fd = try_open(&attr, tid, cpu);
    if (fd != -EINVAL)
        return fd;
    attr.read_format = 0; /* before Linux 6.0 */
    return try_open(&attr, tid, cpu);
}

int perf_event_error(int error)
{
    if (error == -EACCES || error == -EPERM)
        return -E_PERF_DENIED;
    if (error == -ENOENT || error == -ENOSYS || error == -EOPNOTSUPP ||
        error == -ENODEV)
        return -E_NO_ENGINE;
    return error == -ESRCH ? -E_NO_PROCESS : error;
}

void perf_event_skip(struct perf_event_skipped *skipped, int error)
{
    if (!error || error == -ENODEV)
        return;
    skipped->why = skipped->cpus ? skipped->why : error;
    skipped->cpus++;
}

int perf_event_open(pid_t tid, const struct perf_event_setup *setup)
{
    return open_event(tid, -1, setup);
}

int perf_event_open_cpu(int cpu, const struct perf_event_setup *setup)
{
    return open_event(-1, cpu, setup);
}

int perf_event_open_output(int cpu)
{
    const struct perf_event_attr attr = {
        .size = sizeof(attr),
        .type = PERF_TYPE_SOFTWARE,
        .config = PERF_COUNT_SW_BPF_OUTPUT,
        .sample_type = PERF_SAMPLE_RAW,
        .sample_period = 1,
        .wakeup_events = 1,
    };
    return try_open(&attr, -1, cpu);
}

static int control(int fd, unsigned long request, void *argument)
{
    return ioctl(fd, request, argument) < 0 ? -errno : 0;
}

int perf_event_set_program(int fd, int program)
{
    return ioctl(fd, PERF_EVENT_IOC_SET_BPF, program) < 0 ? -errno : 0;
}

/* Reads { value, lost }, or only the value from older kernels; returns the
 * number of bytes, or -errno. */
static ssize_t read_event(int fd, uint64_t values[2])
{
    ssize_t got = read(fd, values, 2 * sizeof(*values));
    return got < 0 ? -errno : got;
}

int perf_event_count(int fd, uint64_t *count)
{
    uint64_t values[2];
    ssize_t got = read_event(fd, values);
    if (got < (ssize_t)sizeof(*count))
        return got < 0 ? (int)got : -EIO;
    *count = values[0];
    return 0;
}

int perf_event_lost(int fd, uint64_t *lost)
{
    uint64_t values[2];
    ssize_t got = read_event(fd, values);
    if (got < (ssize_t)sizeof(values))
        return got < 0 ? (int)got : -ENOTSUP;
    *lost = values[1];
    return 0;
}

int perf_event_cycle_rate(uint64_t *per_s)
{
    const struct perf_event_setup setup = {
        .event = ENGINE_CYCLES, .cycles = INT64_MAX, .bare = true};
    uint64_t cycles = 0;
    int fd = perf_event_open(0, &setup);
    if (fd < 0)
        return fd;
    int err = perf_event_enable(fd);
    uint64_t from = clock_ns_of(CLOCK_THREAD_CPUTIME_ID), now = from;
    while (!err && now - from < MEASURE_NS)
        now = clock_ns_of(CLOCK_THREAD_CPUTIME_ID);
    err = err ? err : perf_event_count(fd, &cycles);
    close(fd);
    if (!err && (cycles == 0 || now == from))
        err = -ENODEV;
    if (!err)
        *per_s = (uint64_t)((double)cycles * NS_PER_S / (double)(now - from));
    return err;
}

int perf_event_enable(int fd)
{
    return control(fd, PERF_EVENT_IOC_ENABLE, NULL);
}

int perf_event_disable(int fd)
{
    return control(fd, PERF_EVENT_IOC_DISABLE, NULL);
}

int perf_event_set_period(int fd, uint64_t period_ns)
{
    return control(fd, PERF_EVENT_IOC_PERIOD, &period_ns);
}

static int map_ring(int fd, size_t size, int access,
                    struct perf_event_ring *out)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *at = mmap(NULL, page + size, access, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        return -errno;
    out->page = at;
    out->bytes = (uint8_t *)at + page;
    out->size = size;
    return 0;
}

int perf_event_map(int fd, size_t size, struct perf_event_ring *out)
{
    return map_ring(fd, size, PROT_READ | PROT_WRITE, out);
}

int perf_event_map_over(int fd, size_t size, struct perf_event_ring *out)
{
    return map_ring(fd, size, PROT_READ, out);
}

void perf_event_unmap(struct perf_event_ring *ring)
{
    if (ring->page)
        munmap(ring->page,
               (size_t)(ring->bytes - (uint8_t *)ring->page) + ring->size);
    *ring = (struct perf_event_ring){0};
}

uint64_t perf_event_head(const struct perf_event_ring *ring)
{
    return __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
}

uint64_t perf_event_tail(const struct perf_event_ring *ring)
{
    return ring->page->data_tail;
}

void perf_event_release(struct perf_event_ring *ring, uint64_t tail)
{
    __atomic_store_n(&ring->page->data_tail, tail, __ATOMIC_RELEASE);
}
