/**
 * @file asleep.h
 * A sample of a thread that does not run: it waits in a system call, or a
 * signal has stopped it. Nothing is stopped for that. The kernel says where
 * such a thread is, in /proc/PID/task/TID/syscall (proc(5); Linux,
 * fs/proc/base.c), and what it has in memory is read from outside.
 *
 * The sample is of the present moment: the place is read before and after the
 * memory, and so is the number of times that the thread came onto a CPU
 * (schedstat.h). Both must be the same, so the thread did not run in between.
 */
#ifndef CPROF_ENGINE_ASLEEP_H
#define CPROF_ENGINE_ASLEEP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "engine/ptrace_copy.h"
#include "engine/schedstat.h"
#include "target/memory.h"
#include "target/sample.h"

struct engine_view;

/** Where a thread is that does not run. */
struct asleep_place {
    int64_t system_call; /**< -1: none, the arguments are then 0 */
    uint64_t args[6];
    uint64_t sp, ip;
};

/** Parses the text of the file; pure. 0; 1: the thread runs, or is ready to
 *  run; or -E_FORMAT. */
MUST_USE int asleep_parse(const void *text, size_t len,
                          struct asleep_place *out);
/** Sets the registers that the place tells, and which ones are lost. Pure. */
void asleep_regs(const struct asleep_place *place, struct sample *s);

struct asleep {
    /* the request */
    pid_t pid, tid;
    const struct memory *memory; /**< of the node; borrowed */
    struct ptrace_copy_plan what;

    /* the result */
    struct sample sample;  /**< without its period; points into `room` */
    struct schedstat stat; /**< of the thread, while it does not run */
    struct ptrace_copy_room room;
};

/** Sets tid and what is to be copied of it. */
void asleep_request(struct asleep *a, const struct engine_view *view,
                    pid_t tid);
/**
 * @return 1: a sample; 0: the thread runs, is ready to run, or ran meanwhile;
 *         -ESRCH: it has ended; -EACCES or -EPERM: the file may not be read; or
 *         another error
 */
MUST_USE int asleep_sample(struct asleep *a);

#endif
