#include "engine/ptrace_limit.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

/* POSIX timers are not inherited by fork, so each process prepares its own. */
static timer_t limit;

int ptrace_limit_prepare(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
                             .sigev_signo = SIGKILL};
    return timer_create(CLOCK_MONOTONIC, &event, &limit) == 0 ? 0 : -errno;
}

int ptrace_limit_begin(void)
{
    const struct itimerspec time = {.it_value.tv_nsec = PTRACE_LIMIT_NS};
    return timer_settime(limit, 0, &time, NULL) == 0 ? 0 : -errno;
}

void ptrace_limit_end(void)
{
    const struct itimerspec never = {.it_value.tv_nsec = 0};
    timer_settime(limit, 0, &never, NULL);
}
