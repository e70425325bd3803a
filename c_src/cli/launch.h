/**
 * @file launch.h
 * Starts a command to be profiled, and finds its Erlang VM: the command itself
 * (erl, mix and iex become the VM), or one of its descendants.
 */
#ifndef CPROF_CLI_LAUNCH_H
#define CPROF_CLI_LAUNCH_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum { LAUNCH_OTHERS = 8 };

struct launch {
    pid_t child; /**< the command */
    pid_t vm;    /**< the Erlang VM in it */
    bool ended;  /**< and reaped: `status` is its own */
    int status;  /**< as waitpid gives it */
    /** Other VMs that the command started, in the order they were found; only
     *  that many are noted. */
    pid_t others[LAUNCH_OTHERS];
    size_t other_count;
    char mark[48];       /**< in the environment of all that it starts */
    uint64_t start_time; /**< of the command, as in struct process_stat */
    uint64_t look_at_ns; /**< when to look for others again */
};

/**
 * Starts the command, with the limits that this program was started with
 * (limits.h), and waits until a VM in it is ready to be sampled.
 * @return 0, -errno when it cannot be started, -E_NOT_BEAM when no VM shows
 *         up within 10 s, -E_GONE when the command ends before that
 *         (its status is in *out; vm is a VM that it left running in the
 *         background, 0: there is none), -EINTR when *stop gets set. The
 *         command is then ended and reaped.
 */
MUST_USE int launch_start(char *const command[],
                          const volatile sig_atomic_t *stop,
                          struct launch *out);
/** Looks for other VMs of the command; to be called often. Most calls do
 *  nothing: there are 0.2 to 1 s between looks, depending on how many processes
 *  there are to look through. */
void launch_look(struct launch *l);
/** Waits for the command to end, or for *stop to be set; looks meanwhile. */
void launch_wait(struct launch *l, const volatile sig_atomic_t *stop);
/** Ends the command: SIGTERM, after a second SIGKILL. Reaps it. */
void launch_end(struct launch *l);
/** What a shell makes of the status of a command that has ended: its exit
 *  status, or 128 and the number of the signal that ended it. */
int launch_exit_code(const struct launch *l);
/** "exited with 7", "was ended by SIGSEGV"; "" when it exited with 0 or has
 *  not ended. */
void launch_outcome(const struct launch *l, char *text, size_t size);

#endif
