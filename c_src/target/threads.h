/**
 * @file threads.h
 * The OS threads of the node, classified by the names that the VM gives them:
 * OTP 25 `N_scheduler`, `N_dirty_cpu_sch(eduler)`, `N_dirty_io_sche(duler)`,
 * `N_aux`, `N_poller`, `async_N`; OTP 26 and later `erts_sched_N`,
 * `erts_dcpus_N`, `erts_dios_N`, `erts_aux_N`, `erts_poll_N`, `erts_async_N`
 * (erts/emulator/beam/erl_process.c, sys_drivers.c, erl_async.c; the kernel
 * truncates names to 15 bytes). If several threads have the same name, the
 * oldest is the VM's; the others are threads of NIFs that inherited it.
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
    unsigned number; /**< the VM's number, from 1; 0 for THREAD_OTHER */
    char name[16];   /**< comm */
};

enum { THREADS_MAX = 32768 };

struct threads {
    struct thread *list; /**< sorted by tid */
    size_t count;
    size_t left_out; /**< threads beyond THREADS_MAX */
};

/** Kind and number from a comm; pure. */
void thread_classify(const char *comm, enum thread_kind *kind,
                     unsigned *number);
const char *thread_kind_name(enum thread_kind kind);
/**
 * Reads /proc/PID/task. Threads that end meanwhile are left out; those beyond
 * THREADS_MAX are left out and counted.
 * @return 0, -E_GONE, or -errno (-EMFILE: no descriptor was free)
 */
MUST_USE int threads_read(pid_t pid, struct threads *out);
/** The same, with a deadline, whose error it may return. */
MUST_USE int threads_read_until(pid_t pid, const struct deadline *until,
                                struct threads *out);
void threads_deinit(struct threads *t);
/**
 * Classifies a thread that is not in the list by its present name. If a thread
 * in the list already has this kind and number, the new one only inherited the
 * name and is THREAD_OTHER.
 */
void threads_newcomer(const struct threads *t, pid_t tid, const char *comm,
                      struct thread *out);
/** NULL when the list does not have it. */
const struct thread *threads_find(const struct threads *t, pid_t tid);

#endif
