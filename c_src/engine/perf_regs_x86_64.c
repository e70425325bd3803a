/*
 * The kernel writes the registers of the mask in the order of its own numbers
 * (arch/x86/include/uapi/asm/perf_regs.h), which differs from DWARF's.
 */
#include "engine/perf_regs.h"

#include <asm/perf_regs.h>

#define BIT(reg)       (1ull << PERF_REG_X86_##reg)
#define BITS(from, to) ((BIT(to) | (BIT(to) - 1)) & ~(BIT(from) - 1))

const uint64_t perf_regs_mask = BITS(AX, IP) | BITS(R8, R15);

const enum reg perf_regs_order[REGS_COUNT] = {
    REGS_RAX, REGS_RBX, REGS_RCX, REGS_RDX, REGS_RSI, REGS_RDI,
    REGS_RBP, REGS_RSP, REGS_RIP, REGS_R8,  REGS_R9,  REGS_R10,
    REGS_R11, REGS_R12, REGS_R13, REGS_R14, REGS_R15,
};
