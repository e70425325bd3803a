#include "engine/block_last.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/minus.h"

static struct ptrace_copy_plan plan_of(const struct block_last *l,
                                       const struct bpf_thread *t)
{
    const struct bpf_setup *setup = &l->node->setup;
    return (struct ptrace_copy_plan){
        .at = setup->at, .head_bytes = setup->head_bytes, .thread = t->plan};
}

static struct bpf_wait wait_since(const struct block_last *l, uint64_t since_ns)
{
    return (struct bpf_wait){.ns = minus_capped(l->until_ns, since_ns),
                             .slept = 1};
}

static bool was_read(const struct block_last *l, pid_t tid)
{
    for (size_t i = 0; i < l->read_count; i++)
        if (l->read[i] == tid)
            return true;
    return false;
}

/* Waits that began after the end of the recording do not belong to it. If a
 * thread's entry is deleted while the map is walked, the walk may begin anew,
 * and meet a thread twice. */
static void hand_out(struct block_last *l, struct sample *s,
                     struct bpf_wait *wait, block_last_on_wait *on_wait,
                     void *ctx)
{
    if (wait->ns == 0 || was_read(l, s->tid))
        return;
    l->read[l->read_count++] = s->tid;
    on_wait(ctx, s, wait);
}

/* --- threads that left their CPU during the recording --------------------- */

static void read_away(struct block_last *l, uint32_t key,
                      const struct bpf_away *a, block_last_on_wait *on_wait,
                      void *ctx)
{
    const struct bpf_thread *t = bpf_node_inner(l->node, a->tid);
    struct sample s = {.time_ns = clock_now_ns(),
                       .tid = t ? t->tid : 0,
                       .has_regs = true,
                       .exact = true,
                       .system_call = a->system_call};
    struct bpf_wait wait = wait_since(l, a->since_ns);
    struct bpf_away now;
    if (!t || !a->has_regs)
        return;
    wait.slept = a->slept;
    memcpy(s.regs.r, a->regs, sizeof(s.regs.r));
    const struct ptrace_copy_plan plan = plan_of(l, t);
    ptrace_copy(&l->memory, &plan, &l->asleep.room, &s);
    if (bpf_program_away(l->node->program, key, &now) &&
        now.since_ns == a->since_ns)
        hand_out(l, &s, &wait, on_wait, ctx);
}

/* --- threads that did not move during all of it --------------------------- */

/* Has it moved since the others were read? */
static bool has_moved(const struct block_last *l, const struct bpf_thread *t)
{
    struct bpf_away a;
    for (uint32_t key = 0; bpf_program_next_away(l->node->program, &key, &a);)
        if (a.tid == t->inner)
            return true;
    return false;
}

static void read_still(struct block_last *l, const struct bpf_thread *t,
                       block_last_on_wait *on_wait, void *ctx)
{
    struct asleep *a = &l->asleep;
    const struct sample *s = &a->sample;
    a->pid = l->node->pid;
    a->tid = t->tid;
    a->memory = &l->memory;
    a->what = plan_of(l, t);
    if (asleep_sample(a) != 1)
        return;
    struct bpf_wait wait = wait_since(l, l->node->setup.started_ns);
    if ((s->process.c_p || s->scheduler.port) && !has_moved(l, t))
        hand_out(l, &a->sample, &wait, on_wait, ctx);
}

/* Reads those that are off their CPU, and marks all that ever were, by their
 * place in node->threads. */
static void read_moved(struct block_last *l, bool *moved,
                       block_last_on_wait *on_wait, void *ctx)
{
    struct bpf_away a;
    for (uint32_t key = 0; bpf_program_next_away(l->node->program, &key, &a);) {
        const struct bpf_thread *t = bpf_node_inner(l->node, a.tid);
        if (t)
            moved[t - l->node->threads] = true;
        if (a.since_ns && l->read_count < l->node->count)
            read_away(l, key, &a, on_wait, ctx);
    }
}

int block_last_each(struct block_last *l, block_last_on_wait *on_wait,
                    void *ctx)
{
    const struct bpf_node *n = l->node;
    bool *moved = calloc(n->count + 1, sizeof(*moved));
    block_last_deinit(l);
    l->read = calloc(n->count + 1, sizeof(*l->read));
    if (!moved || !l->read) {
        free(moved);
        return -ENOMEM;
    }
    read_moved(l, moved, on_wait, ctx);
    /* Threads that a signal has stopped wait for nothing. */
    for (size_t i = 0; i < n->count && !l->stopped; i++)
        if (!moved[i] && n->threads[i].plan.role != COPY_OTHER)
            read_still(l, &n->threads[i], on_wait, ctx);
    free(moved);
    return 0;
}

bool block_last_has(const struct block_last *l, pid_t tid,
                    const struct bpf_wait *wait, uint64_t ended_ns)
{
    return ended_ns > l->until_ns && ended_ns - wait->ns < l->until_ns &&
           was_read(l, tid);
}

void block_last_deinit(struct block_last *l)
{
    free(l->read);
    l->read = NULL;
    l->read_count = 0;
}
