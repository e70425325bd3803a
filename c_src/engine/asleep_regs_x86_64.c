/* The arguments of a system call are in rdi, rsi, rdx, r10, r8 and r9 (System V
 * psABI, appendix A.2). The kernel does not tell the other registers. */
#include "engine/asleep.h"

enum { ALL = (1 << REGS_COUNT) - 1 };

static void set(struct sample *s, enum reg reg, uint64_t value)
{
    s->regs.r[reg] = value;
    s->lost_regs &= ~(1u << reg);
}

void asleep_regs(const struct asleep_place *place, struct sample *s)
{
    static const enum reg args[] = {REGS_RDI, REGS_RSI, REGS_RDX,
                                    REGS_R10, REGS_R8,  REGS_R9};
    s->regs = (struct regs){{0}};
    s->lost_regs = ALL;
    set(s, REGS_RSP, place->sp);
    set(s, REGS_RIP, place->ip);
    for (size_t i = 0; i < 6 && place->system_call >= 0; i++)
        set(s, args[i], place->args[i]);
}
