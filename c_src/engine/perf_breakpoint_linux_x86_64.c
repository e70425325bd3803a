#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/perf_breakpoint.h"
#include "engine/perf_event.h"

enum { EVERY_HIT = 1, HITS = 500, ROUNDS = 3 };

static int error_of(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
        return -E_BPF_DENIED;
    case ENOSPC:
        return -E_BREAKPOINTS_USED;
    case ENOENT:
    case ENODEV:
    case EOPNOTSUPP:
    case EINVAL:
        return -E_NO_BREAKPOINTS;
    default:
        return -error;
    }
}

/* The length of a breakpoint on an instruction has to be given as that of a
 * long, whatever the instruction's length is. */
static struct perf_event_attr attr_of(enum perf_breakpoint_kind kind,
                                      uint64_t addr)
{
    return (struct perf_event_attr){
        .size = sizeof(struct perf_event_attr),
        .type = PERF_TYPE_BREAKPOINT,
        .bp_type =
            kind == PERF_BREAKPOINT_REACHED ? HW_BREAKPOINT_X : HW_BREAKPOINT_W,
        .bp_addr = addr,
        .bp_len = sizeof(long),
        .sample_period = EVERY_HIT,
        .exclude_kernel = 1,
        .exclude_hv = 1,
        .disabled = 1,
    };
}

int perf_breakpoint_open(enum perf_breakpoint_kind kind, int cpu, uint64_t addr,
                         int program)
{
    struct perf_event_attr attr = attr_of(kind, addr);
    pid_t thread = cpu == PERF_BREAKPOINT_THREAD ? 0 : -1;
    int fd = (int)syscall(SYS_perf_event_open, &attr, thread, cpu, -1,
                          PERF_FLAG_FD_CLOEXEC);
    if (fd < 0)
        return error_of(errno);
    int err = perf_event_set_program(fd, program);
    if (!err)
        return fd;
    close(fd);
    return error_of(-err);
}

int perf_breakpoint_move(int fd, uint64_t addr)
{
    struct perf_event_attr attr = attr_of(PERF_BREAKPOINT_WRITTEN, addr);
    return ioctl(fd, PERF_EVENT_IOC_MODIFY_ATTRIBUTES, &attr) < 0 ? -errno : 0;
}

/* A kernel that disables a breakpoint also stops it, and only a new period
 * starts it again (seen in Linux 6.18). */
int perf_breakpoint_allow(int fd, unsigned hits)
{
    int err = hits == 0 ? perf_event_enable(fd)
              : ioctl(fd, PERF_EVENT_IOC_REFRESH, hits) < 0 ? -errno
                                                            : 0;
    return err ? err : perf_event_set_period(fd, EVERY_HIT);
}

/* --- what it costs -------------------------------------------------------- */

__attribute__((noinline, noclone)) static void mark(void)
{
    __asm__ volatile("nop; nop; nop; nop");
}

static double call_ns(void)
{
    uint64_t before = clock_ns_of(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < HITS; i++)
        mark();
    return (double)(clock_ns_of(CLOCK_THREAD_CPUTIME_ID) - before) / HITS;
}

/* Of hits that are limited to one, many come through if they do not count. */
static int is_selective(int fd, bool *selective)
{
    uint64_t before, after;
    int err = perf_event_count(fd, &before);
    if (!err)
        err = perf_breakpoint_allow(fd, 1);
    if (err)
        return err;
    (void)call_ns();
    err = perf_event_count(fd, &after);
    *selective = after - before > 1;
    return err;
}

int perf_breakpoint_cost(int program, double *ns, bool *selective)
{
    int fd =
        perf_breakpoint_open(PERF_BREAKPOINT_REACHED, PERF_BREAKPOINT_THREAD,
                             (uint64_t)(uintptr_t)mark, program);
    if (fd < 0)
        return fd;
    int err = perf_event_enable(fd);
    *ns = call_ns();
    for (int i = 1; i < ROUNDS; i++) {
        double again = call_ns();
        *ns = again < *ns ? again : *ns;
    }
    perf_event_disable(fd);
    err = err ? err : is_selective(fd, selective);
    close(fd);
    return err;
}
