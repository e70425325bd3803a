/**
 * @file naming.h
 * From the addresses of one sample to its stack in the profile, as a person
 * should see it. A collection becomes one frame [gc]; the work of a scheduler
 * belongs to no process; a stack that does not begin in an Erlang process gets
 * a root that says so.
 */
#ifndef CPROF_RECORDER_NAMING_H
#define CPROF_RECORDER_NAMING_H

#include "base/err.h"
#include "profile/profile.h"
#include "recorder/frames.h"
#include "recorder/port_tasks.h"
#include "target/threads.h"
#include "unwind/unwind.h"

struct naming { /* borrowed */
    struct frames *frames;
    struct port_tasks *ports;
    struct profile *profile;
};

struct named {
    uint32_t stack; /**< of the profile; PROFILE_NONE: no frame at all */
    enum sample_state state;
    uint32_t owner; /**< of the port whose task it is; else PROFILE_NONE */
};

/**
 * Names and interns the stack, counts frames and their quality in the
 * profile's counters. If the sample turns out to be the scheduler's own work,
 * the process is removed from u: it did not run.
 * @param s  the sample, of the time at which the code is known
 * @return 0, or -E_LIMIT/-ENOMEM from the profile
 */
MUST_USE int naming_stack(const struct naming *n, struct unwound *u,
                          enum thread_kind kind, const struct sample *s,
                          struct named *out);

#endif
