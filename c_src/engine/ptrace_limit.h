/**
 * @file ptrace_limit.h
 * The longest time for which a thread of the node can be held. The kernel
 * enforces it. A tracer that is stopped, frozen, itself traced or without a CPU
 * cannot release a thread, but it can be killed in any of these states, and the
 * kernel releases all threads that a dead tracer held. So before the tracer, a
 * separate process (ptrace_hand.h), asks a thread to stop, it sets a timer that
 * kills the tracer.
 */
#ifndef CPROF_ENGINE_PTRACE_LIMIT_H
#define CPROF_ENGINE_PTRACE_LIMIT_H

#include "base/err.h"

enum { PTRACE_LIMIT_NS = 5 * 1000 * 1000 };

/** To be called once in the tracer, before the others. 0 or -errno. */
MUST_USE int ptrace_limit_prepare(void);
/** Lets the kernel kill this process PTRACE_LIMIT_NS from now, unless
 *  ptrace_limit_end is called first. 0, or -errno: then nothing may be held. */
MUST_USE int ptrace_limit_begin(void);
void ptrace_limit_end(void);

#endif
