/**
 * @file threads.h
 * The OS threads of the node and what each one is, by the names that the VM
 * gives them: OTP 25 `N_scheduler`, `N_dirty_cpu_sch(eduler)`, `N_dirty_io_sche
 * (duler)`, `N_aux`, `N_poller`, `async_N`; OTP 27+ `erts_sched_N`,
 * `erts_dcpus_N`, `erts_dios_N`, `erts_aux_N`, `erts_poll_N`, `erts_async_N`
 * (source: erts/emulator/beam/erl_process.c, sys_drivers.c, erl_async.c;
 * names are cut to 15 bytes by the kernel). Of several of one name the oldest
 * is the VM's; the others are threads of NIFs that inherited it.
 */
#ifndef CPROF_TARGET_THREADS_H
#define CPROF_TARGET_THREADS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/deadline.h"
#include "base/err.h"

enum thread_kind {
    THREAD_NORMAL,    /**< runs Erlang code */
    THREAD_DIRTY_CPU, /**< runs dirty CPU NIFs and long collections */
    THREAD_DIRTY_IO,
    THREAD_AUX,
    THREAD_POLL,
    THREAD_ASYNC,
    THREAD_OTHER, /**< main, signal dispatcher, threads of NIFs */
};

struct thread {
    pid_t tid;
    enum thread_kind kind;
    unsigned number; /**< 1.. as the VM counts them; 0 for other */
    char name[16];   /**< comm */
};

enum { THREADS_MAX = 32768 };

struct threads {
    struct thread *list; /**< sorted by tid */
    size_t count;
    size_t left_out; /**< more than THREADS_MAX */
};

/** Kind and number from a comm; pure. */
void thread_classify(const char *comm, enum thread_kind *kind,
                     unsigned *number);
const char *thread_kind_name(enum thread_kind kind);
/**
 * Reads /proc/PID/task; threads that end meanwhile are left out, as are those
 * beyond THREADS_MAX, which are counted.
 * @return 0, -E_GONE, or -errno (-EMFILE: none could be read for want of a
 *         descriptor)
 */
MUST_USE int threads_read(pid_t pid, struct threads *out);
/** The same, given up when the deadline says so. */
MUST_USE int threads_read_until(pid_t pid, const struct deadline *until,
                                struct threads *out);
void threads_deinit(struct threads *t);
/**
 * What can be told of a thread that is not in the list, by its name now: it
 * has that of the thread which started it until it is given its own.
 */
void threads_newcomer(const struct threads *t, pid_t tid, const char *comm,
                      struct thread *out);
/** NULL when unknown. */
const struct thread *threads_find(const struct threads *t, pid_t tid);

#endif
