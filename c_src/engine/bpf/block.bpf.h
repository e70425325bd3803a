// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * Samples of waits: times for which a thread of the node was off the CPU,
 * although it ran a process or a port's task.
 *
 * Only when the thread gets a CPU again is it known how long it was away, and
 * only then is it decided whether this wait is taken: always if it was as long
 * as the period, else with a probability that follows its length. So a wait
 * that is not taken costs little, however many there are, and what is taken is
 * unbiased (as in Go's block profile).
 *
 * But at the tracepoint, the former thread still runs on the CPU, and the
 * memory of the one that comes cannot be read. So the program rings a bell: it
 * writes to an event of this CPU that asks to be read at once. For this the
 * kernel interrupts itself, and as interrupts are off during a switch, that
 * happens as soon as the new thread runs, before it leaves the kernel. A second
 * program hears the interrupt and copies the stack, which has not changed since
 * the thread left the CPU.
 */
#ifndef CPROF_ENGINE_BPF_BLOCK_BPF_H
#define CPROF_ENGINE_BPF_BLOCK_BPF_H

#include "engine/bpf/wait_taken.h"

enum {
    /* The VM has at most 1024 schedulers of each kind. */
    MAX_AWAY = 8192,
    /* include/linux/sched.h; the values are part of what /proc shows */
    STOPPED = 4 | 8, /* by a signal, or a tracer */
    DEAD = 0x80,
};

/* By the thread's id in the first pid namespace. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, MAX_AWAY);
    __type(key, __u32);
    __type(value, struct bpf_away);
} away SEC(".maps");

/* A wait that is taken, until the bell is heard. */
struct waited {
    __u32 pid; /* 0: none */
    __u32 kernel_len;
    __u64 period_ns;
    struct bpf_wait wait;
    __u64 kernel[BPF_KERNEL_MAX / 8];
};

/* By CPU. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, MAX_CPUS); /* set before loading */
    __type(key, __u32);
    __type(value, struct waited);
} waits SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
    __uint(max_entries, MAX_CPUS); /* set before loading */
    __type(key, __u32);
    __type(value, __u32);
} bells SEC(".maps");

/* In the first pid namespace; 0: not known yet. */
static int node_tgid;

static const struct bpf_away on_cpu; /* all 0 */

/* Ids of the kernel's (include/linux/pid.h). */
struct ns_common {
    unsigned int inum;
} OF_THE_KERNEL;
struct pid_namespace {
    struct ns_common ns;
} OF_THE_KERNEL;
struct upid {
    int nr;
    struct pid_namespace *ns;
} OF_THE_KERNEL;
struct pid {
    unsigned int level;
    struct upid numbers[1];
} OF_THE_KERNEL;

/* --- whose thread it is --------------------------------------------------- */

/* node_thread of sampler.bpf.c, for a thread that does not run here. */
static __always_inline bool is_of_node(const struct bpf_setup *setup,
                                       struct task_struct *task)
{
    struct pid *leader = BPF_CORE_READ(task, group_leader, thread_pid);
    unsigned int level = BPF_CORE_READ(leader, level);
    struct upid own = {0};
    bpf_core_read(&own, sizeof(own), &leader->numbers[level]);
    return own.nr == (int)setup->tgid &&
           BPF_CORE_READ(own.ns, ns.inum) == setup->ns_ino;
}

static __always_inline void learn_tgid(const struct bpf_setup *setup,
                                       struct task_struct *prev,
                                       struct task_struct *next)
{
    if (node_thread(setup))
        node_tgid = prev->tgid;
    else if (is_of_node(setup, next))
        node_tgid = next->tgid;
}

/* --- a thread leaves the CPU ---------------------------------------------- */

/* Does the current thread run a process or a port's task? */
static __always_inline bool runs_something(const struct bpf_setup *setup,
                                           const struct copy_thread *t)
{
    const struct copy_offsets *at = &setup->at;
    if (at->current_process == COPY_UNKNOWN)
        return false;
    return word_at(t->esdp + at->current_process) ||
           (at->current_port != COPY_UNKNOWN &&
            word_at(t->esdp + at->current_port));
}

static __always_inline __u64 run_delay(struct task_struct *task)
{
    return bpf_core_field_exists(struct sched_info, run_delay)
               ? task->sched_info.run_delay
               : 0;
}

static __always_inline struct bpf_away *entry_of(__u32 pid)
{
    struct bpf_away *a = bpf_map_lookup_elem(&away, &pid);
    if (a)
        return a;
    bpf_map_update_elem(&away, &pid, &on_cpu, BPF_NOEXIST);
    return bpf_map_lookup_elem(&away, &pid);
}

static __always_inline void leave(const struct bpf_setup *setup,
                                  struct task_struct *prev, bool preempted)
{
    __u32 pid = prev->pid, state = prev->__state;
    if (state & DEAD) {
        bpf_map_delete_elem(&away, &pid);
        return;
    }
    struct bpf_away *a = entry_of(pid);
    if (!a)
        return;
    a->since_ns = 0;
    if (!a->tid)
        a->tid = node_thread(setup);
    __u32 tid = a->tid;
    const struct copy_thread *t = bpf_map_lookup_elem(&threads, &tid);
    if (!t || t->role == COPY_OTHER || !t->esdp || state & STOPPED ||
        !runs_something(setup, t))
        return;
    a->slept = !preempted && state != 0;
    a->run_delay = run_delay(prev);
    a->system_call = -1;
    a->has_regs = take_task_regs(prev, a->regs, &a->system_call);
    a->since_ns = bpf_ktime_get_ns();
}

/* --- a thread gets a CPU -------------------------------------------------- */

/* How long the thread that comes has waited for a CPU since it left one. The
 * last such time is added to run_delay only after this. 0 if the kernel does
 * not show it (CONFIG_SCHED_INFO, CONFIG_FAIR_GROUP_SCHED). */
static __always_inline __u64 ready_ns(struct task_struct *next,
                                      const struct bpf_away *a)
{
    if (!bpf_core_field_exists(struct sched_info, last_queued) ||
        !bpf_core_field_exists(struct sched_entity, cfs_rq))
        return 0;
    __u64 queued = next->sched_info.last_queued;
    __u64 ns = next->sched_info.run_delay - a->run_delay;
    __u64 now = BPF_CORE_READ(next, se.cfs_rq, rq, clock);
    return queued && now > queued ? ns + now - queued : ns;
}

/* The first time that a thread is seen, it comes: it has been away since the
 * recording began, or since it was created. Whether it ran a process is known
 * when the bell is heard. */
static __always_inline struct bpf_away *
first_seen(const struct bpf_setup *setup, struct task_struct *next)
{
    struct bpf_away *a = entry_of(next->pid);
    if (!a)
        return 0;
    a->slept = 1;
    a->run_delay = run_delay(next);
    a->since_ns = next->start_time > setup->started_ns ? next->start_time
                                                       : setup->started_ns;
    return a;
}

static __always_inline void ring_bell(void *ctx, struct waited *w, __u32 pid)
{
    __u64 nothing = 0;
    w->pid = pid;
    if (bpf_perf_event_output(ctx, &bells, BPF_F_CURRENT_CPU, &nothing,
                              sizeof(nothing)) == 0)
        return;
    w->pid = 0;
    lose(w->period_ns);
}

static __always_inline void come(void *ctx, const struct bpf_setup *setup,
                                 struct task_struct *next)
{
    __u32 pid = next->pid, cpu = bpf_get_smp_processor_id();
    struct bpf_away *a = bpf_map_lookup_elem(&away, &pid);
    if (!a)
        a = first_seen(setup, next);
    if (!a || !a->since_ns)
        return;
    __u64 since = a->since_ns, now = bpf_ktime_get_ns();
    a->since_ns = 0;
    struct waited *w = bpf_map_lookup_elem(&waits, &cpu);
    if (!w)
        return;
    if (w->pid) /* the last bell was not heard */
        lose(w->period_ns);
    w->pid = 0;
    w->wait.ns = now > since ? now - since : 0;
    if (!wait_taken(&w->wait, setup->period_ns, bpf_get_prandom_u32(),
                    bpf_get_prandom_u32(), &w->period_ns))
        return;
    w->wait.slept = a->slept;
    w->wait.ready_ns = ready_ns(next, a);
    long len = 0;
    if (setup->kernel_stacks)
        len = bpf_get_task_stack(next, w->kernel, sizeof(w->kernel), 0);
    w->kernel_len = len > 0 ? len : 0;
    ring_bell(ctx, w, pid);
}

SEC("tp_btf/sched_switch")
int note_switch(__u64 *ctx)
{
    struct task_struct *prev = (void *)ctx[1], *next = (void *)ctx[2];
    __u32 zero = 0;
    const struct bpf_setup *to = bpf_map_lookup_elem(&setup, &zero);
    if (!to || to->period_ns == 0)
        return 0;
    if (!node_tgid)
        learn_tgid(to, prev, next);
    if (!node_tgid)
        return 0;
    if (prev->tgid == node_tgid)
        leave(to, prev, ctx[0] & 1);
    if (next->tgid == node_tgid)
        come(ctx, to, next);
    return 0;
}

/* --- the bell ------------------------------------------------------------- */

static __always_inline void copy_kept_kernel(struct copying *c,
                                             const struct waited *w)
{
    __u64 at = c->s->at, len = w->kernel_len;
    OPAQUE(at);
    OPAQUE(len);
    at &= DATA_MASK;
    if (len == 0 || len > BPF_KERNEL_MAX ||
        bpf_probe_read_kernel(c->s->data + at, len, w->kernel) != 0)
        return;
    note_piece(c, BPF_PIECE_KERNEL, 0, len);
    c->s->at = at + len;
}

/* The thread that waited runs on this CPU. */
static __always_inline void take_wait(struct copying *c, const struct waited *w,
                                      __u32 tid)
{
    struct bpf_record *r = &c->s->record;
    c->thread = bpf_map_lookup_elem(&threads, &tid);
    if (!c->thread || c->thread->role == COPY_OTHER)
        return;
    c->s->at = 0;
    r->time_ns = bpf_ktime_get_ns();
    r->period_ns = w->period_ns;
    r->wait = w->wait;
    begin(r, tid, true);
    if (!take_task_regs(bpf_get_current_task_btf(), r->regs, &r->system_call))
        return;
    r->flags |= BPF_HAS_REGS;
    copy_user(c);
    if (r->flags & BPF_HAS_CURRENT && !r->c_p && !r->port)
        return; /* it was idle when the recording began */
    take_code(c);
    copy_kept_kernel(c, w);
    hand_over(c, 0);
}

SEC("raw_tp/irq_work_entry")
int hear_bell(void *ctx)
{
    (void)ctx;
    __u32 zero = 0, cpu = bpf_get_smp_processor_id();
    struct waited *w = bpf_map_lookup_elem(&waits, &cpu);
    if (!w || !w->pid)
        return 0;
    struct copying c = {.s = bpf_map_lookup_elem(&scratches, &cpu),
                        .setup = bpf_map_lookup_elem(&setup, &zero)};
    bool runs = (__u32)bpf_get_current_pid_tgid() == w->pid;
    __u32 tid = c.s && c.setup && runs ? node_thread(c.setup) : 0;
    if (tid)
        take_wait(&c, w, tid);
    else
        lose(w->period_ns);
    w->pid = 0;
    return 0;
}

#endif
