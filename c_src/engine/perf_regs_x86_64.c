/*
 * The kernel writes the registers of the mask in the order of its own
 * numbers (arch/x86/include/uapi/asm/perf_regs.h), which is not DWARF's.
 */
#include "engine/perf_regs.h"

#include <asm/perf_regs.h>

#define BIT(reg)       (1ull << PERF_REG_X86_##reg)
#define BITS(from, to) ((BIT(to) | (BIT(to) - 1)) & ~(BIT(from) - 1))

const uint64_t perf_regs_mask = BITS(AX, IP) | BITS(R8, R15);

const enum reg perf_regs_order[REG_COUNT] = {
    REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI,
    REG_RBP, REG_RSP, REG_RIP, REG_R8,  REG_R9,  REG_R10,
    REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};
