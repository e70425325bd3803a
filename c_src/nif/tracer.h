/**
 * @file tracer.h
 * Where the kernel runs Yama (ptrace_scope 1, the default of several
 * distributions), a process may read another one's memory only when it is its
 * ancestor. The sampler is the node's child, so the node has to permit it.
 */
#ifndef CPROF_NIF_TRACER_H
#define CPROF_NIF_TRACER_H

#include <sys/types.h>

/**
 * Permits one process, and its descendants, to attach to this one. There is
 * one permission a process: an earlier one, whoever gave it, is replaced.
 * @return 0; -ESRCH when there is no such process; -EOPNOTSUPP when this
 * kernel has no Yama, so that no permission is needed.
 */
int tracer_allow(pid_t pid);
/** Withdraws the permission. 0, or -EOPNOTSUPP as above. */
int tracer_deny(void);

#endif
