/**
 * @file process.h
 * One observed OS process: its identity (pid and start time, so that a reused
 * pid is noticed), the paths under which its files can be opened from here
 * (chroot, mount namespace), and whether it is an Erlang VM. Reads only /proc;
 * nothing here touches the process.
 */
#ifndef CPROF_TARGET_PROCESS_H
#define CPROF_TARGET_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/err.h"

#define PROCESS_PATH_MAX 4096

struct process {
    pid_t pid;           /**< in our pid namespace */
    pid_t inner_pid;     /**< in its own pid namespace (last of NSpid) */
    uint64_t start_time; /**< as in struct process_stat */
    uint64_t stack;      /**< likewise, of the program that was identified */
    uid_t uid;
    char exe[PROCESS_PATH_MAX];  /**< target of /proc/PID/exe */
    char command[256];           /**< argv joined by blanks, truncated; cookies
                                      are replaced by "***" */
    char node[256];              /**< -name/-sname value, "" if none */
    char runs[64];               /**< what it runs, by its command line: the
                                      module of -s or -run, the program of
                                      -extra ("mix phx.server"); "": unknown */
    bool by_erlexec;             /**< has the arguments that erlexec gives */
    uint64_t process_table_size; /**< +P rounded up to 2^n; 0: default */
};

/**
 * Opens a pid.
 * @return 0; -E_NO_PROCESS; -E_GONE when it has ended; -E_NO_ACCESS when its
 *         executable may not be read (*out is then set as far as it can be);
 *         -E_NOT_BEAM when neither its executable's name nor its arguments are
 *         those of an emulator (see process.c); or -errno
 */
MUST_USE int process_open(pid_t pid, struct process *out);
/** Is it still the same process and program? False when it has ended, is a
 *  zombie, or has executed another program. */
bool process_alive(const struct process *p);
/** Has a signal stopped it? false if that is not known. */
bool process_is_stopped(const struct process *p);
/**
 * The path under which a path of the process can be opened from here:
 * "/proc/PID/root" + path, or path itself when both lead to the same file.
 */
void process_path(const struct process *p, const char *path,
                  char out[PROCESS_PATH_MAX + 64]);
/** Appends the value of a variable in /proc/PID/environ; -E_NOT_FOUND when it
 *  is unset. */
MUST_USE int process_environ(const struct process *p, const char *name,
                             struct buffer *value);

/** What /proc/PID/stat says. */
struct process_stat {
    char state; /**< 'R', 'S', 'T', 'Z', ... */
    pid_t parent;
    uint64_t start_time; /**< clock ticks since the machine's start */
    uint64_t stack;      /**< where the stack of its program began, which is
                              random for each program; 0: not known */
    uint64_t user_time;  /**< CPU time outside the kernel, in clock ticks */
};
/** 0, -E_NO_PROCESS, -E_NO_ACCESS, -E_FORMAT or -errno. */
MUST_USE int process_stat_read(pid_t pid, struct process_stat *out);

/** Pure parsers of the files above, for tests and fuzzing. */
MUST_USE int process_stat_parse(const void *text, size_t len,
                                struct process_stat *out);
MUST_USE int process_parse_cmdline(const void *bytes, size_t len,
                                   struct process *out);

#endif
