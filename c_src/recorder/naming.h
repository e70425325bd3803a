/**
 * @file naming.h
 * Turns the addresses of one sample into a stack in the profile, as people
 * should see it. All frames of a garbage collection become one frame [gc]. The
 * work of a scheduler belongs to no process. A stack that does not begin in an
 * Erlang process gets a root that says where it begins.
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
    uint32_t stack; /**< id in the profile; PROFILE_NONE: no frame at all */
    enum sample_state state;
    uint32_t owner; /**< process that owns the port whose task was sampled;
                         PROFILE_NONE: not a port's task, or not known */
    bool nobodys;   /**< of allocation: nothing on the stack has allocated */
};

/**
 * Names and interns the stack, and counts frames and their quality in the
 * profile's counters. If the sample turns out to be the scheduler's own work,
 * the process is removed from u, because it did not run.
 * @param s  the sample; its time_ns is one for which the code list is known
 * @return 0, or -E_LIMIT or -ENOMEM from the profile
 */
MUST_USE int naming_stack(const struct naming *n, struct unwound *u,
                          enum thread_kind kind, const struct sample *s,
                          struct named *out);

#endif
