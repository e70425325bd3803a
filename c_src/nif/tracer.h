/**
 * @file tracer.h
 * If the kernel has Yama with ptrace_scope 1 (the default of several
 * distributions), a process may read the memory only of its descendants. The
 * sampler is a child of the node, so the node must permit it.
 */
#ifndef CPROF_NIF_TRACER_H
#define CPROF_NIF_TRACER_H

#include <sys/types.h>

/**
 * Permits one process, and its descendants, to attach to this one. This
 * replaces any earlier permission, because a process can give only one.
 * @return 0; -ESRCH when there is no such process; -EOPNOTSUPP when the kernel
 *         has no Yama, so that no permission is needed
 */
int tracer_allow(pid_t pid);
/** Withdraws the permission. 0, or -EOPNOTSUPP as above. */
int tracer_deny(void);

#endif
