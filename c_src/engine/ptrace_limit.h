/**
 * @file ptrace_limit.h
 * How long a thread of the node can be held at most, and who sees to it: the
 * kernel. A tracer that is stopped, frozen, itself traced or without a CPU
 * cannot let go, but it can be killed in any of these states, and the kernel
 * lets go of all that a dead tracer held. So the tracer, a process of its own
 * (ptrace_hand.h), sets a timer that kills it before it asks a thread to stop.
 */
#ifndef CPROF_ENGINE_PTRACE_LIMIT_H
#define CPROF_ENGINE_PTRACE_LIMIT_H

#include "base/err.h"

enum { PTRACE_LIMIT_NS = 5 * 1000 * 1000 };

/** Once in the process that is to trace, before the others. 0 or -errno. */
MUST_USE int ptrace_limit_prepare(void);
/** Kills this process PTRACE_LIMIT_NS from now, unless ptrace_limit_end comes
 *  first. 0 or -errno: nothing may be held then. */
MUST_USE int ptrace_limit_begin(void);
void ptrace_limit_end(void);

#endif
