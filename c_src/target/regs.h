/**
 * @file regs.h
 * The user registers of a sample and the roles that the JIT gives them on
 * x86-64 (erts/emulator/beam/jit/x86/beam_asm.hpp, the same in OTP 25, 27 and
 * 29): in JIT code, rsp is the Erlang stack pointer, rbp the saved Erlang stack
 * pointer (or the frame pointer), rbx the scheduler's register array, r13 the
 * current process, r14d the reductions left, r15 the top of the heap.
 */
#ifndef CPROF_TARGET_REGS_H
#define CPROF_TARGET_REGS_H

#include <stdint.h>

/** DWARF numbering of x86-64 (System V psABI, figure 3.36). */
enum reg {
    REGS_RAX,
    REGS_RDX,
    REGS_RCX,
    REGS_RBX,
    REGS_RSI,
    REGS_RDI,
    REGS_RBP,
    REGS_RSP,
    REGS_R8,
    REGS_R9,
    REGS_R10,
    REGS_R11,
    REGS_R12,
    REGS_R13,
    REGS_R14,
    REGS_R15,
    REGS_RIP,
    REGS_COUNT
};

struct regs {
    uint64_t r[REGS_COUNT];
};

#endif
