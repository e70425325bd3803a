/*
 * The steps, and what the kernel (kernel/ptrace.c, kernel/signal.c) does:
 *   PTRACE_SEIZE      nothing happens to the thread
 *   PTRACE_INTERRUPT  it stops on its way back to user code, before a signal
 *                     is delivered; SIGCHLD reports the stop
 *   waitid(WNOWAIT)   the stop is not consumed: if we are killed now, a signal
 *                     that was about to be delivered is still delivered
 *   PTRACE_DETACH     it continues: an interrupted system call is restarted, a
 *                     signal is delivered, and a thread of a process that
 *                     SIGSTOP stopped stays stopped
 * If we are killed in between, by somebody or by our own timer, the kernel
 * detaches in the same way. The timer (ptrace_limit.h) runs from before the
 * first to after the last step.
 */
#include "engine/ptrace_stop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/ptrace_limit.h"
#include "engine/ptrace_regs.h"

/* The most time from getting a CPU to reading the clock. */
enum { SLACK_NS = 50 * 1000 };

/* --- stop and go --------------------------------------------------------- */

static void wait_for_news(void)
{
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigwaitinfo(&child, NULL);
}

/* Waits for the stop. 0, with the signal to be delivered in *number; -ESRCH:
 * the thread has ended. If it does not stop, the timer kills us. */
static int wait_for_stop(const struct ptrace_stop *t, int *number)
{
    for (;;) {
        siginfo_t info = {.si_pid = 0};
        if (waitid(P_PID, (id_t)t->tid, &info,
                   WSTOPPED | WEXITED | WNOWAIT | WNOHANG | __WALL) != 0)
            return -ESRCH;
        if (info.si_pid && info.si_code == CLD_TRAPPED) {
            bool event = info.si_status >> 8 != 0;
            *number = event ? 0 : info.si_status;
            return 0;
        }
        if (info.si_pid) {
            (void)!waitpid(t->tid, NULL, __WALL | WNOHANG);
            return -ESRCH;
        }
        wait_for_news();
    }
}

/* --- while it is stopped ------------------------------------------------- */

/*
 * A thread whose CPU we took gets a CPU again once, while we wait for its stop,
 * and has waited for as long as we had its CPU. If it has waited longer, or
 * more often, it was not running when we came, or it slept and we woke it up.
 * Then its place says nothing about where it spends CPU time. (Kernels often
 * take a CPU away at the end of a system call.)
 */
static bool was_running(const struct ptrace_stop *t,
                        const struct schedstat *now)
{
    uint64_t had = t->sample.time_ns - t->before_ns + SLACK_NS;
    return now->runs - t->before.runs <= 1 &&
           now->wait_ns - t->before.wait_ns <= had;
}

static int take(struct ptrace_stop *t)
{
    struct schedstat now;
    struct sample *s = &t->sample;
    *s = (struct sample){.time_ns = clock_now_ns(),
                         .tid = t->tid,
                         .has_regs = true,
                         .exact = true};
    if (ptrace_regs_read(t->tid, &s->regs, &s->system_call) != 0 ||
        ptrace_clock_read(&t->files, &now) != 0)
        return -ESRCH;
    if (!was_running(t, &now))
        return 0;
    s->in_kernel = s->system_call >= 0;
    t->cpu_ns = now.cpu_ns;
    const struct memory m = memory_of_pid(t->tid);
    ptrace_copy(&m, &t->what, &t->room, s);
    return 1;
}

static int hold(struct ptrace_stop *t)
{
    int number = 0;
    t->before_ns = clock_now_ns();
    if (ptrace(PTRACE_SEIZE, t->tid, 0, 0) != 0)
        return errno == ESRCH ? -ESRCH : -EPERM;
    t->asked_ns = clock_now_ns();
    ptrace(PTRACE_INTERRUPT, t->tid, 0, 0); /* waiting reports an error */
    int result = wait_for_stop(t, &number);
    if (result)
        return result;
    result = take(t);
    if (ptrace(PTRACE_DETACH, t->tid, 0, (void *)(intptr_t)number) != 0)
        result = -ETIMEDOUT; /* it was killed: it will never stop again */
    t->hold_ns = clock_now_ns() - t->asked_ns;
    return result;
}

int ptrace_stop_sample(struct ptrace_stop *t)
{
    t->hold_ns = 0;
    int err = ptrace_limit_begin();
    if (err)
        return err;
    int result = hold(t);
    ptrace_limit_end();
    return result;
}

/* --- beforehand ---------------------------------------------------------- */

/* We do not trace ourselves, so the kernel answers ESRCH; a filter answers
 * differently. */
static bool is_filtered(void)
{
    return ptrace(PTRACE_INTERRUPT, getpid(), 0, 0) != 0 && errno != ESRCH;
}

/* This needs the same rights as ptrace. Nothing is mapped at address 0, so
 * EFAULT means that it is permitted. */
static int try_read(pid_t pid)
{
    char byte;
    struct iovec to = {&byte, 1}, from = {NULL, 1};
    if (process_vm_readv(pid, &to, 1, &from, 1, 0) >= 0 || errno == EFAULT)
        return 0;
    if (errno == ESRCH)
        return -E_NO_PROCESS;
    return errno == EPERM ? -E_NO_ACCESS : -errno;
}

static bool is_traced(pid_t pid)
{
    char path[32], line[128];
    int tracer = 0;
    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "TracerPid: %d", &tracer) == 1)
            break;
    if (file)
        fclose(file);
    return tracer != 0;
}

int ptrace_stop_probe(pid_t pid)
{
    if (is_filtered())
        return -E_SECCOMP;
    int err = try_read(pid);
    if (err)
        return err;
    if (is_traced(pid))
        return -E_TRACED;
    struct ptrace_clock_files files;
    err = ptrace_clock_open(pid, pid, &files);
    if (!err)
        ptrace_clock_close(&files);
    return err == -ESRCH ? -E_NO_PROCESS : err;
}
