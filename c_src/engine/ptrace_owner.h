/**
 * @file ptrace_owner.h
 * The process that a scheduler works for while a match specification runs
 * (db_prog_match in erl_db_util.c): its current process is then a pseudo
 * process, without a heap (OTP 25) and with a pid that no process can have.
 */
#ifndef CPROF_ENGINE_PTRACE_OWNER_H
#define CPROF_ENGINE_PTRACE_OWNER_H

#include <stdbool.h>

#include "engine/ptrace_copy.h"

/** Is it the pseudo process? */
bool ptrace_owner_is_pseudo(const struct sample_process *p);
/**
 * Finds the process that runs the match specification. JIT code had it in r13,
 * a callee-saved register, which the C code that it called has saved near RS.
 * Uninitialized words of the stack may point to other processes: the right one
 * is that whose scheduler_data is this scheduler.
 * @param sp      stack pointer of the stopped thread
 * @param pseudo  address of the pseudo process
 * @return the address of its struct Process, or 0 when it is not found
 */
uint64_t ptrace_owner_find(const struct memory *m,
                           const struct ptrace_copy_plan *what, uint64_t sp,
                           uint64_t pseudo);

#endif
