/**
 * @file outside.h
 * What a scheduler thread does when it runs no process: a port's task,
 * scheduling, or nothing. Exact samples contain the VM's own data about it
 * (sample_scheduler). For other samples, the system call and the C code that
 * runs tell some of it.
 */
#ifndef CPROF_RECORDER_OUTSIDE_H
#define CPROF_RECORDER_OUTSIDE_H

#include "profile/state.h"
#include "target/sample.h"
#include "unwind/unwind.h"

struct outside {
    enum sample_state state; /**< PORT, SCHEDULING, IDLE; SCHEDULER: not known
                              */
    enum idle_part part;     /**< if IDLE: how it is idle */
};

/** The C code in user space that the scheduler runs. */
struct outside_code {
    const char *leaf; /**< name of the innermost function; "": not known */
    size_t depth;     /**< number of frames, counted from erts_schedule */
    bool whole;       /**< no frame is missing */
};

struct outside outside_of(const struct sample *s,
                          const struct outside_code *code);

#endif
