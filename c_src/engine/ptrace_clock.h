/**
 * @file ptrace_clock.h
 * The CPU time of a thread of another process, and whether it runs: from
 * /proc/PID/task/TID/schedstat and syscall (Linux, fs/proc/base.c). Reading
 * each takes a microsecond. The POSIX clocks of threads work only for threads
 * of the calling process.
 */
#ifndef CPROF_ENGINE_PTRACE_CLOCK_H
#define CPROF_ENGINE_PTRACE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "engine/schedstat.h"

/** The open files of a thread. */
struct ptrace_clock_files {
    int clock, state, stat; /**< -1: not open */
};

/** 0; -ESRCH: there is no such thread; or -errno. */
MUST_USE int ptrace_clock_open(pid_t pid, pid_t tid,
                               struct ptrace_clock_files *out);
void ptrace_clock_close(struct ptrace_clock_files *f);
/** 0; -ESRCH: the thread has ended; or another error. */
MUST_USE int ptrace_clock_read(const struct ptrace_clock_files *f,
                               struct schedstat *out);
/** Is the thread running or ready to run? */
bool ptrace_clock_running(const struct ptrace_clock_files *f);

#endif
