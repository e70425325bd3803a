/**
 * @file launch.h
 * Starts a command to be profiled, and finds its Erlang VM. That is the command
 * itself (erl, mix and iex become the VM) or one of its descendants.
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
    pid_t vm;    /**< the Erlang VM to record */
    bool ended;  /**< the command has ended and was reaped: status is valid */
    int status;  /**< of the command, as waitpid gives it */
    /** Other VMs that the command started, in the order in which they were
     *  found; more than LAUNCH_OTHERS are not noted. */
    pid_t others[LAUNCH_OTHERS];
    size_t other_count;
    char mark[48];       /**< in the environment of all its processes */
    uint64_t start_time; /**< of the command, as in struct process_stat */
    uint64_t look_at_ns; /**< when to look for other VMs again */
};

/**
 * Starts the command, with the limits that this program was started with
 * (limits.h), and waits until one of its VMs is ready to be sampled. After an
 * error, the command has ended and was reaped.
 * @return 0; -errno: it could not be started; -E_NOT_BEAM: no VM was ready
 *         within 10 s; -E_GONE: the command ended before that (its status is in
 *         *out, and vm is a VM that it left running in the background, or 0);
 *         -EINTR: *stop was set
 */
MUST_USE int launch_start(char *const command[],
                          const volatile sig_atomic_t *stop,
                          struct launch *out);
/** Looks for other VMs of the command. To be called often; most calls do
 *  nothing, because looks are 0.2 to 1 s apart, depending on the number of
 *  processes in the system. */
void launch_look(struct launch *l);
/** Waits until the command has ended or *stop is set, and looks for other VMs
 *  meanwhile. */
void launch_wait(struct launch *l, const volatile sig_atomic_t *stop);
/** Ends the command, and the VM if it descends from it: with SIGTERM, and after
 *  a second with SIGKILL. Reaps the command. */
void launch_end(struct launch *l);
/** The exit code that a shell would give for the ended command: its exit
 * status, or 128 plus the number of the signal that ended it. */
int launch_exit_code(const struct launch *l);
/** "exited with 7", "was ended by SIGSEGV"; "" if it exited with 0 or has not
 *  ended. */
void launch_outcome(const struct launch *l, char *text, size_t size);

#endif
