/**
 * @file outside.h
 * What a scheduler thread does outside processes: a port's task, the work of
 * scheduling, or nothing. Engines that copy at the instant say what the VM's
 * own data says (sample_scheduler); else the C code that runs tells some of it.
 */
#ifndef CPROF_RECORDER_OUTSIDE_H
#define CPROF_RECORDER_OUTSIDE_H

#include "profile/state.h"
#include "target/sample.h"
#include "unwind/unwind.h"

struct outside {
    enum sample_state state; /**< PORT, SCHEDULING, IDLE; SCHEDULER: the sample
                                  does not tell */
    enum idle_part part;     /**< of IDLE */
};

/** The C code of user space that the scheduler runs. */
struct outside_code {
    const char *leaf; /**< name of the innermost function; "" not known */
    size_t depth;     /**< functions from the scheduler's (erts_schedule) on */
    bool whole;       /**< they are all there */
};

struct outside outside_of(const struct sample *s,
                          const struct outside_code *code);

#endif
