/**
 * @file launch.h
 * Starting a command to be profiled, and finding the Erlang VM in it: the
 * command itself (erl, mix and iex become the VM), or one of its descendants.
 */
#ifndef CPROF_CLI_LAUNCH_H
#define CPROF_CLI_LAUNCH_H

#include <sys/types.h>

#include "base/err.h"

struct launch {
    pid_t child; /**< the command */
    pid_t vm;    /**< the Erlang VM in it */
};

/**
 * Starts the command and waits until a VM in it is ready to be sampled.
 * @return 0, -errno when it cannot be started, -E_NOT_BEAM when no VM shows
 *         up within 10 s, -E_GONE when the command ends before that. The
 *         command is then ended and reaped.
 */
MUST_USE int launch_start(char *const command[], struct launch *out);
/** Waits for the command to end; its wait status. */
int launch_wait(const struct launch *l);

#endif
