/**
 * @file ptrace_regs.h
 * The user registers of a thread that is stopped under ptrace(2).
 */
#ifndef CPROF_ENGINE_PTRACE_REGS_H
#define CPROF_ENGINE_PTRACE_REGS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "target/regs.h"

/** @param in_syscall  stopped on its way out of a system call: until then the
 *         CPU was in the kernel. @return 0 or -errno */
MUST_USE int ptrace_regs_read(pid_t tid, struct regs *out, bool *in_syscall);

#endif
