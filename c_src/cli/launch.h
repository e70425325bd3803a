/**
 * @file launch.h
 * Starting a command to be profiled, and finding the Erlang VM in it: the
 * command itself (erl, mix and iex become the VM), or one of its descendants.
 */
#ifndef CPROF_CLI_LAUNCH_H
#define CPROF_CLI_LAUNCH_H

#include <signal.h>
#include <sys/types.h>

#include "base/err.h"

struct launch {
    pid_t child; /**< the command */
    pid_t vm;    /**< the Erlang VM in it */
};

/**
 * Starts the command and waits until a VM in it is ready to be sampled.
 * @return 0, -errno when it cannot be started, -E_NOT_BEAM when no VM shows
 *         up within 10 s, -E_GONE when the command ends before that, -EINTR
 *         when *stop gets set. The command is then ended and reaped.
 */
MUST_USE int launch_start(char *const command[],
                          const volatile sig_atomic_t *stop,
                          struct launch *out);
/** Waits for the command to end, or for *stop to be set. */
void launch_wait(const struct launch *l, const volatile sig_atomic_t *stop);
/** Ends the command: SIGTERM, after a second SIGKILL. Reaps it. */
void launch_end(const struct launch *l);

#endif
