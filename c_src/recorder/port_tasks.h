/**
 * @file port_tasks.h
 * The ports whose tasks schedulers ran: maps what a sample says about a port to
 * the port's frames in the profile and to the process that owns it. The stack
 * of such a sample begins with two frames: `[port tcp_inet]` stands for all
 * ports of a driver, and `#Port<0.5> of <0.90.0>` for one of them. If a driver
 * has many ports, only the first get a frame of their own (profile/crowd.h).
 */
#ifndef CPROF_RECORDER_PORT_TASKS_H
#define CPROF_RECORDER_PORT_TASKS_H

#include "base/err.h"
#include "profile/profile.h"
#include "recorder/census.h"
#include "recorder/target_state.h"
#include "target/sample.h"

struct port_tasks;

/** All are borrowed until port_tasks_close. 0 or -ENOMEM. */
MUST_USE int port_tasks_open(struct target_state *target, struct census *census,
                             struct profile *profile, struct port_tasks **out);
void port_tasks_close(struct port_tasks *t);

struct port_task {
    uint32_t driver, port; /**< ids of frames; port may be PROFILE_NONE */
    uint32_t owner;        /**< id of a process, or PROFILE_NONE */
};

/** @return 0, or the profile's error */
MUST_USE int port_tasks_find(struct port_tasks *t,
                             const struct sample_scheduler *s,
                             struct port_task *out);

#endif
