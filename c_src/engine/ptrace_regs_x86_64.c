#include "engine/ptrace_regs.h"

#include <errno.h>
#include <sys/ptrace.h>
#include <sys/user.h>

int ptrace_regs_read(pid_t tid, struct regs *out, int64_t *system_call)
{
    struct user_regs_struct u;
    if (ptrace(PTRACE_GETREGS, tid, 0, &u) != 0)
        return -errno;
    *out = (struct regs){{
        [REGS_RAX] = u.rax,
        [REGS_RDX] = u.rdx,
        [REGS_RCX] = u.rcx,
        [REGS_RBX] = u.rbx,
        [REGS_RSI] = u.rsi,
        [REGS_RDI] = u.rdi,
        [REGS_RBP] = u.rbp,
        [REGS_RSP] = u.rsp,
        [REGS_R8] = u.r8,
        [REGS_R9] = u.r9,
        [REGS_R10] = u.r10,
        [REGS_R11] = u.r11,
        [REGS_R12] = u.r12,
        [REGS_R13] = u.r13,
        [REGS_R14] = u.r14,
        [REGS_R15] = u.r15,
        [REGS_RIP] = u.rip,
    }};
    /* orig_rax is -1 if an interrupt or a fault led into the kernel. */
    *system_call = (int64_t)u.orig_rax < 0 ? -1 : (int64_t)u.orig_rax;
    return 0;
}
