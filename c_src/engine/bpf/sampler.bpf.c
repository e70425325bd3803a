// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * Runs in the kernel for every sample, at its instant and on its CPU: copies
 * registers, C stack and Erlang stack into the ring as copy_plan.h describes.
 * It is attached to one event per CPU, so most samples may be of other
 * processes; those that are not of the node are dropped at once.
 *
 * Only GPL-compatible programs may call the helpers that read user memory.
 */
#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
#include <linux/ptrace.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "engine/bpf/copy.bpf.h"

char bpf_license[] SEC("license") = "GPL";

enum { MAX_THREADS = 16384, MAX_CPUS = 1024 };

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct bpf_setup);
} setup SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, MAX_THREADS);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, __u32);
    __type(value, struct copy_thread);
} threads SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, MAX_CPUS); /* set to their number before loading */
    __type(key, __u32);
    __type(value, struct scratch);
} scratches SEC(".maps");

/* The last sample on each CPU; all 0: none since the event was attached. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, MAX_CPUS); /* set before loading */
    __type(key, __u32);
    __type(value, struct bpf_tick);
} ticks SEC(".maps");

/* The kernel's structs, as far as they are needed here (kernel/sched/sched.h);
 * libbpf puts in the offsets of the running kernel. */
#define OF_THE_KERNEL __attribute__((preserve_access_index))
struct rq {
    struct task_struct *idle;
    __u64 clock;
} OF_THE_KERNEL;
struct cfs_rq {
    struct rq *rq;
} OF_THE_KERNEL;
struct sched_entity {
    struct cfs_rq *cfs_rq;
} OF_THE_KERNEL;
struct sched_info {
    unsigned long long run_delay;   /* how long it has waited for a CPU, ever */
    unsigned long long last_queued; /* since when it waits for one; 0: it does
                                       not */
} OF_THE_KERNEL;
struct pid;
struct task_struct {
    unsigned int __state; /* 0: it can run */
    struct sched_entity se;
    int pid, tgid; /* in the first pid namespace */
    struct task_struct *group_leader;
    struct pid *thread_pid;
    unsigned long nvcsw, nivcsw; /* how often it left its CPU */
    __u64 start_time;            /* CLOCK_MONOTONIC */
    struct sched_info sched_info;
} OF_THE_KERNEL;

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 1 << 22); /* set before loading */
} ring SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct bpf_lost);
} lost SEC(".maps");

/* Set before loading: the number of unread bytes in the ring at which the
 * reader is woken up. Otherwise the reader reads at regular intervals. */
const volatile __u64 wake_at = 1 << 20;

/* The order of DWARF: rax rdx rcx rbx rsi rdi rbp rsp r8..r15 rip */
#define TAKE_REGS(to, from)                                                    \
    do {                                                                       \
        (to)[0] = (from)->rax;                                                 \
        (to)[1] = (from)->rdx;                                                 \
        (to)[2] = (from)->rcx;                                                 \
        (to)[3] = (from)->rbx;                                                 \
        (to)[4] = (from)->rsi;                                                 \
        (to)[5] = (from)->rdi;                                                 \
        (to)[6] = (from)->rbp;                                                 \
        (to)[7] = (from)->rsp;                                                 \
        (to)[8] = (from)->r8;                                                  \
        (to)[9] = (from)->r9;                                                  \
        (to)[10] = (from)->r10;                                                \
        (to)[11] = (from)->r11;                                                \
        (to)[12] = (from)->r12;                                                \
        (to)[13] = (from)->r13;                                                \
        (to)[14] = (from)->r14;                                                \
        (to)[15] = (from)->r15;                                                \
        (to)[16] = (from)->rip;                                                \
    } while (0)

/* The registers of a thread's user code, while it is in the kernel. */
static __always_inline bool
take_task_regs(struct task_struct *task, __u64 to[BPF_REGS], __s64 *system_call)
{
    struct pt_regs regs;
    void *at = (void *)bpf_task_pt_regs(task);
    if (bpf_probe_read_kernel(&regs, sizeof(regs), at) != 0 || !(regs.cs & 3))
        return false;
    TAKE_REGS(to, &regs);
    /* The instruction `syscall` leaves the address behind it in rcx. For other
     * ways into the kernel, orig_rax is not a system call. */
    if (regs.rcx == regs.rip)
        *system_call = (__s32)regs.orig_rax;
    return true;
}

/* The registers of the thread's user code, even if it is in the kernel. */
static __always_inline bool take_regs(struct bpf_perf_event_data *ctx,
                                      struct bpf_record *r)
{
    if (!(r->flags & BPF_IN_KERNEL)) {
        TAKE_REGS(r->regs, &ctx->regs);
        return true;
    }
    return take_task_regs(bpf_get_current_task_btf(), r->regs, &r->system_call);
}

static __always_inline void copy_kernel(struct copying *c, void *ctx)
{
    __u64 at = c->s->at;
    OPAQUE(at);
    at &= DATA_MASK;
    long len = bpf_get_stack(ctx, c->s->data + at, BPF_KERNEL_MAX, 0);
    if (len <= 0)
        return;
    note_piece(c, BPF_PIECE_KERNEL, 0, len);
    c->s->at = at + len;
}

/* The thread that runs here, by its id in the node's pid namespace; 0: it is
 * not a thread of the node. The kernel also compares the namespace: ids are
 * unique only within one, and that of our own program may not have the node's
 * ids at all. */
static __always_inline __u32 node_thread(const struct bpf_setup *setup)
{
    struct bpf_pidns_info ids;
    if (bpf_get_ns_current_pid_tgid(setup->ns_dev, setup->ns_ino, &ids,
                                    sizeof(ids)) != 0 ||
        ids.tgid != setup->tgid)
        return 0;
    return ids.pid;
}

/* How often this CPU has left its idle state so far; 0: the kernel does not
 * show it (it does if it has CONFIG_FAIR_GROUP_SCHED). */
static __always_inline __u64 idle_ends(void)
{
    if (!bpf_core_field_exists(struct sched_entity, cfs_rq) ||
        !bpf_core_field_exists(struct cfs_rq, rq))
        return 0;
    struct task_struct *running = (void *)bpf_get_current_task();
    struct task_struct *idle = BPF_CORE_READ(running, se.cfs_rq, rq, idle);
    return BPF_CORE_READ(idle, nvcsw) + BPF_CORE_READ(idle, nivcsw);
}

/* A timer that fires late skips the ticks that it missed, so the time that a
 * sample stands for is measured. But in some virtual machines the timer does
 * not fire while the CPU is idle. So if the CPU was idle in between, or if that
 * is not known, the sample stands for one period. */
static __always_inline void tick(struct bpf_record *r, struct bpf_tick *last,
                                 __u64 period_ns)
{
    struct bpf_tick now = {bpf_ktime_get_ns(), idle_ends()};
    bool busy = now.idle_ends && now.idle_ends == last->idle_ends;
    r->time_ns = now.time_ns;
    r->period_ns = busy ? now.time_ns - last->time_ns : period_ns;
    *last = now;
}

static __always_inline void begin(struct bpf_record *r, __u32 tid,
                                  bool in_kernel)
{
    r->tid = tid;
    r->flags = in_kernel ? BPF_IN_KERNEL : 0;
    bpf_get_current_comm(r->comm, sizeof(r->comm));
    r->c_p = r->name = r->port = 0;
    r->has_sleep = 0;
    r->system_call = -1;
    r->binary_bytes = r->watch = 0;
    for (int i = 0; i < BPF_PIECES; i++)
        r->piece[i].len = 0;
}

static __always_inline void lose(__u64 period_ns)
{
    __u32 zero = 0;
    struct bpf_lost *sum = bpf_map_lookup_elem(&lost, &zero);
    if (sum) {
        __sync_fetch_and_add(&sum->samples, 1);
        __sync_fetch_and_add(&sum->period_ns, period_ns);
    }
}

/* `flags` BPF_RB_FORCE_WAKEUP: the reader is woken up in any case. */
static __always_inline void hand_over(struct copying *c, __u64 flags)
{
    __u64 len = c->s->at;
    OPAQUE(len);
    len &= DATA_MASK;
    if (!flags)
        flags = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > wake_at
                    ? BPF_RB_FORCE_WAKEUP
                    : BPF_RB_NO_WAKEUP;
    if (bpf_ringbuf_output(&ring, &c->s->record, sizeof(c->s->record) + len,
                           flags) != 0)
        lose(c->s->record.period_ns);
}

/* A thread that our side has not announced yet may have just begun; of this
 * only the C stack is copied. */
static __always_inline void sample_thread(struct bpf_perf_event_data *ctx,
                                          struct copying *c, __u32 tid)
{
    struct copy_thread unknown = {.role = COPY_OTHER};
    struct bpf_record *r = &c->s->record;
    c->thread = bpf_map_lookup_elem(&threads, &tid);
    if (!c->thread)
        c->thread = &unknown;
    c->s->at = 0;
    begin(r, tid, !(ctx->regs.cs & 3));
    if (take_regs(ctx, r)) {
        r->flags |= BPF_HAS_REGS;
        copy_user(c);
        take_code(c);
    }
    if (c->setup->kernel_stacks && r->flags & BPF_IN_KERNEL)
        copy_kernel(c, ctx);
    hand_over(c, 0);
}

SEC("perf_event")
int take_sample(struct bpf_perf_event_data *ctx)
{
    __u32 zero = 0, cpu = bpf_get_smp_processor_id();
    struct copying c = {.s = bpf_map_lookup_elem(&scratches, &cpu),
                        .setup = bpf_map_lookup_elem(&setup, &zero)};
    struct bpf_tick *last = bpf_map_lookup_elem(&ticks, &cpu);
    if (!c.s || !c.setup || !last)
        return 0;
    tick(&c.s->record, last, c.setup->period_ns);
    __u32 tid = node_thread(c.setup);
    if (tid)
        sample_thread(ctx, &c, tid);
    return 0;
}

#include "engine/bpf/alloc.bpf.h"
#include "engine/bpf/block.bpf.h"
