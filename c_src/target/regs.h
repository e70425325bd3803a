/**
 * @file regs.h
 * The user registers of a sample and the roles the JIT gives them on x86-64
 * (source: erts/emulator/beam/jit/x86/beam_asm.hpp, same in OTP 25, 27, 29):
 * rsp is the Erlang stack pointer while in JIT code, rbp the saved Erlang
 * stack pointer (or frame pointer), rbx the scheduler's register array, r13
 * the current process, r14d the reductions left, r15 the heap top.
 */
#ifndef CPROF_TARGET_REGS_H
#define CPROF_TARGET_REGS_H

#include <stdint.h>

/** DWARF numbering of x86-64 (System V psABI, figure 3.36). */
enum reg {
    REG_RAX,
    REG_RDX,
    REG_RCX,
    REG_RBX,
    REG_RSI,
    REG_RDI,
    REG_RBP,
    REG_RSP,
    REG_R8,
    REG_R9,
    REG_R10,
    REG_R11,
    REG_R12,
    REG_R13,
    REG_R14,
    REG_R15,
    REG_RIP,
    REG_COUNT
};

struct regs {
    uint64_t r[REG_COUNT];
};

#endif
