/**
 * @file ptrace_regs.h
 * The user registers of a thread that is stopped under ptrace(2).
 */
#ifndef CPROF_ENGINE_PTRACE_REGS_H
#define CPROF_ENGINE_PTRACE_REGS_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "target/regs.h"

/** @param system_call  number of the system call that the thread is leaving, so
 *         that the CPU was in the kernel until then; -1: none
 *  @return 0 or -errno */
MUST_USE int ptrace_regs_read(pid_t tid, struct regs *out,
                              int64_t *system_call);

#endif
