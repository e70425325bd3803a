/**
 * @file copy_plan.h
 * What an exact engine copies at the instant of a sample, and where it finds
 * that. It is one table for both the BPF program in the kernel (engine/bpf/)
 * and the ptrace engine, with plain fixed-size fields only.
 *
 *   [sp, min(RS + COPY_SEAM_ABOVE, stack_high))   C stack, <= COPY_STACK
 *   [RS - COPY_SEAM_BELOW, RS + COPY_SEAM_ABOVE)  when the C stack was cut
 *   Process fields, by esdp->current_process (JIT code: r13)
 *   [stop - COPY_BELOW_STOP, hend)                <= COPY_ERLANG, and then
 *   [hend - COPY_ROOT, hend)                      when that was cut
 *   in JIT code on the Erlang stack: [sp, hend) in the same two pieces
 *   while stop is not within [htop, hend]: COPY_SWAPPED bytes from stop
 *   outside processes: the port at work, and whether the scheduler waits
 *   in munmap(2) of the pages that stop is in: COPY_ERLANG bytes below them
 *
 * A normal scheduler is in C code, or in JIT code on the C stack, when
 * stack_low <= sp <= RS; else sp is in the heap of the process in r13.
 */
#ifndef CPROF_ENGINE_COPY_PLAN_H
#define CPROF_ENGINE_COPY_PLAN_H

#include <linux/types.h>

enum {
    /* The largest frame of the VM in OTP 25 has 0x6f78 bytes; the one of
     * binary_to_term/1 0x4048, in OTP 27 0x4068. */
    COPY_STACK = 32 * 1024,
    COPY_SEAM_BELOW = 64,
    COPY_SEAM_ABOVE = 128, /* holds TMP_MEM1q.. of the scheduler registers */
    COPY_BELOW_STOP = 1024,
    COPY_ERLANG = 24 * 1024,
    COPY_ROOT = 8 * 1024,
    COPY_SWAPPED = 48 * 1024,
};

enum copy_role {
    COPY_OTHER,  /* no scheduler, or one not recognised: C stack only */
    COPY_NORMAL, /* runs JIT code above RS */
    COPY_DIRTY,  /* has a current process, runs no JIT code */
};

/** Of one thread. */
struct copy_thread {
    __u64 runtime_stack;         /**< RS; 0 unless COPY_NORMAL */
    __u64 stack_low, stack_high; /**< mapping of the C stack; 0s: not known.
                                      An engine may learn it from sp */
    __u64 esdp;                  /**< 0: unknown */
    __u64 last; /**< the engine's own: the process that it saw there last */
    __u32 role; /**< enum copy_role */
    __u32 unused;
};

/** A field's offset that is not known; it is not copied then. */
#define COPY_UNKNOWN 0xffffffffu

/** ERLPROC_NO_PID of target/erlproc.h. */
#define COPY_NO_PID 0xfffffffffffffff3ull

/** Of the VM: byte offsets, COPY_UNKNOWN where not known. */
struct copy_offsets {
    __u32 current_process;  /**< in ErtsSchedulerData; the rest in Process */
    __u32 stop, htop, hend; /**< stacks are copied when all three are known */
    __u32 id, reg, initial, continuation;
    __u32 scheduler_data; /**< esdp, while a scheduler runs the process */
    __u32 reg_name;       /**< RegProc.name */
    __u32 sleep_info, current_port; /**< in ErtsSchedulerData */
    __u32 port_owner, port_driver;  /**< in Port */
    __u32 sleep_flags;              /**< in ErtsSchedulerSleepInfo */
    __u64 code_list; /**< address of the pointer to the JIT list's newest
                          entry, which is copied too; 0: not known */
};

/** May an Erlang stack be from `from` to hend? None has a gigabyte. */
static inline int copy_is_stack(__u64 from, __u64 hend)
{
    return from < hend && hend - from < (__u64)1 << 30 && from % 8 == 0;
}

struct engine_view;

/** Fills *out from what is known of the VM. */
void copy_plan_offsets(const struct engine_view *view,
                       struct copy_offsets *out);
/** Fills *out for one thread of the view. */
void copy_plan_thread(const struct engine_view *view, int tid,
                      struct copy_thread *out);

#endif
