/**
 * @file ptrace_owner.h
 * Which process a scheduler works for while a match specification runs
 * (db_prog_match in erl_db_util.c): its current process is then one made up by
 * the VM, without a heap (OTP 25) and with a pid that cannot be.
 */
#ifndef CPROF_ENGINE_PTRACE_OWNER_H
#define CPROF_ENGINE_PTRACE_OWNER_H

#include <stdbool.h>

#include "engine/ptrace_copy.h"

/** Is the process one that was made up? */
bool ptrace_owner_is_pseudo(const struct sample_process *p);
/**
 * The process that runs the match specification. Where JIT code left it in r13,
 * a callee-saved register, the C code that it called has stored it near RS.
 * Uninitialised words of the stack may hold other processes: the one is meant
 * that says it runs on this scheduler.
 * @param sp      of the stopped thread
 * @param pseudo  the process that was made up
 * @return the address of its struct Process, or 0: it is not there
 */
uint64_t ptrace_owner_find(const struct memory *m,
                           const struct ptrace_copy_plan *what, uint64_t sp,
                           uint64_t pseudo);

#endif
