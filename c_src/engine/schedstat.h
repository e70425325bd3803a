/**
 * @file schedstat.h
 * What the kernel counts for each thread, from /proc/PID/task/TID/schedstat and
 * stat (Linux, fs/proc/base.c, array.c). The POSIX clocks of threads work only
 * for threads of the calling process.
 */
#ifndef CPROF_ENGINE_SCHEDSTAT_H
#define CPROF_ENGINE_SCHEDSTAT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/** For a thread that runs, these are from the last tick; otherwise exact. */
struct schedstat {
    uint64_t cpu_ns;  /**< on a CPU */
    uint64_t wait_ns; /**< ready to run, but not on a CPU */
    uint64_t runs;    /**< times that it came onto a CPU */
};

/** Parses the text of the file; pure. 0 or -E_FORMAT. */
MUST_USE int schedstat_parse(const void *text, size_t len,
                             struct schedstat *out);
/** 0; -ESRCH: there is no such thread; or -errno. */
MUST_USE int schedstat_read(pid_t pid, pid_t tid, struct schedstat *out);
/** Of the time in which threads could run, from one moment to another, the part
 *  without a CPU. Pure. */
double schedstat_waited(const struct schedstat *from,
                        const struct schedstat *to);
/** The CPU time of a thread outside the kernel, in steps of a clock tick (10
 *  ms). The kernel divides its CPU time by what its ticks found. Errors as
 *  above. */
MUST_USE int schedstat_user_ns(pid_t pid, pid_t tid, uint64_t *ns);

#endif
