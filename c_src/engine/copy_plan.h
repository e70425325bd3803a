/**
 * @file copy_plan.h
 * What an exact engine copies at the instant of a sample, and where it is. The
 * BPF program in the kernel (engine/bpf/) and the ptrace engine share this
 * file, so it has only plain fields of fixed size.
 *
 *   [sp, min(RS + COPY_SEAM_ABOVE, stack_high))   C stack, <= COPY_STACK
 *   [RS - COPY_SEAM_BELOW, RS + COPY_SEAM_ABOVE)  if the C stack was truncated
 *   Process fields, by esdp->current_process (JIT code: r13)
 *   [stop - COPY_BELOW_STOP, hend)                <= COPY_ERLANG, and
 *   [hend - COPY_ROOT, hend)                      if that was truncated
 *   in JIT code on the Erlang stack: [sp, hend) in the same two pieces
 *   if stop is not within [htop, hend]: COPY_SWAPPED bytes from stop
 *   outside processes: the current port, or whether the scheduler waits
 *   in munmap(2) of the pages that contain stop: COPY_ERLANG bytes below them
 *
 * A normal scheduler is in C code, or in JIT code on the C stack, when
 * stack_low <= sp <= RS; else sp is in the heap of the process in r13.
 */
#ifndef CPROF_ENGINE_COPY_PLAN_H
#define CPROF_ENGINE_COPY_PLAN_H

#include <linux/types.h>

enum {
    /* The largest C frame of the VM in OTP 25 has 0x6f78 bytes; that of
     * binary_to_term/1 has 0x4048 bytes, and 0x4068 in OTP 27. */
    COPY_STACK = 32 * 1024,
    COPY_SEAM_BELOW = 64,
    COPY_SEAM_ABOVE = 128, /* holds TMP_MEM1q.. of the scheduler registers */
    COPY_BELOW_STOP = 1024,
    COPY_ERLANG = 24 * 1024,
    COPY_ROOT = 8 * 1024,
    COPY_SWAPPED = 48 * 1024,
};

enum copy_role {
    COPY_OTHER,  /* not known to be a scheduler: only the C stack */
    COPY_NORMAL, /* runs JIT code, and C code below RS */
    COPY_DIRTY,  /* has a current process, but runs no JIT code */
};

/** What is known of one thread. */
struct copy_thread {
    __u64 runtime_stack;         /**< RS; 0 unless COPY_NORMAL */
    __u64 stack_low, stack_high; /**< mapping of the C stack; 0: not known.
                                      An engine may learn it from sp */
    __u64 esdp;                  /**< its ErtsSchedulerData; 0: not known */
    __u64 last; /**< for the engine: the process that it last saw there */
    /** For the program: when its window began, and how much time the thread has
     *  lost in it. */
    __u64 window_ns, lost_ns;
    __u32 role; /**< enum copy_role */
    __u32 unused;
};

/** The offset of a field that is not known, and so is not copied. */
#define COPY_UNKNOWN 0xffffffffu

/** ERLPROC_NO_PID of target/erlproc.h. */
#define COPY_NO_PID 0xfffffffffffffff3ull

/** The places of the VM's fields: byte offsets, or COPY_UNKNOWN. */
struct copy_offsets {
    __u32 current_process;  /**< in ErtsSchedulerData; the rest in Process */
    __u32 stop, htop, hend; /**< stacks are copied when all three are known */
    __u32 id, reg, initial, continuation;
    __u32 current;        /**< Process.current */
    __u32 scheduler_data; /**< the esdp of the scheduler that runs it */
    __u32 reg_name;       /**< RegProc.name */
    __u32 sleep_info, current_port; /**< in ErtsSchedulerData */
    __u32 port_owner, port_driver;  /**< in Port */
    __u32 sleep_flags;              /**< in ErtsSchedulerSleepInfo */
    __u64 code_list; /**< address of the pointer to the newest entry of the
                          JIT list, which is copied too; 0: not known */
};

/** Can [from, hend) be an Erlang stack? None is as large as a gigabyte. */
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
