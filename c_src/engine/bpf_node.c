#include "engine/bpf_node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/sorted.h"

/* --- threads -------------------------------------------------------------- */

static struct bpf_thread *find_inner(const struct bpf_node *n, uint64_t inner)
{
    size_t upto = SORTED_UPTO(n->threads, n->count, inner, inner);
    return upto && n->threads[upto - 1].inner == inner ? &n->threads[upto - 1]
                                                       : NULL;
}

const struct bpf_thread *bpf_node_inner(const struct bpf_node *n,
                                        uint64_t inner)
{
    return find_inner(n, inner);
}

static const struct bpf_thread *find_thread(const struct bpf_node *n, pid_t tid)
{
    if (n->ns.ours)
        return find_inner(n, (uint64_t)tid);
    for (size_t i = 0; i < n->count; i++)
        if (n->threads[i].tid == tid)
            return &n->threads[i];
    return NULL;
}

/* Finds the bounds of the C stack of a thread that does not run JIT code. Most
 * of these stacks are short, and what is above them is of no use. */
static void bound_stack(const struct engine_view *view, uint64_t sp,
                        struct copy_thread *plan)
{
    const struct map *stack =
        sp && !plan->stack_high ? maps_find(view->maps, sp) : NULL;
    if (stack) {
        plan->stack_low = stack->start;
        plan->stack_high = stack->end;
    }
}

/* Gives the program the plan of a thread, if it has changed. */
static int put_thread(struct bpf_node *n, const struct engine_view *view,
                      pid_t tid, struct bpf_thread *to)
{
    const struct bpf_thread *old = find_thread(n, tid);
    struct copy_thread plan;
    *to = old ? *old : (struct bpf_thread){.tid = tid};
    if (!old)
        to->inner = (uint64_t)pidns_inner(&n->ns, n->pid, tid);
    copy_plan_thread(view, tid, &plan);
    bound_stack(view, to->sp, &plan);
    if (to->inner == 0 || memcmp(&plan, &to->plan, sizeof(plan)) == 0)
        return 0;
    to->plan = plan;
    return bpf_program_thread(n->program, (pid_t)to->inner, &plan);
}

static int by_inner(const void *a, const void *b)
{
    const struct bpf_thread *x = a, *y = b;
    return (x->inner > y->inner) - (x->inner < y->inner);
}

/* Removes the plans of threads that have ended, because ids are reused. */
static void replace_threads(struct bpf_node *n, struct bpf_thread *list,
                            size_t count)
{
    struct bpf_thread *old = n->threads;
    size_t old_count = n->count;
    qsort(list, count, sizeof(*list), by_inner);
    n->threads = list;
    n->count = count;
    for (size_t i = 0; i < old_count; i++)
        if (!find_inner(n, old[i].inner))
            bpf_program_forget(n->program, (pid_t)old[i].inner);
    free(old);
}

static int tell_threads(struct bpf_node *n, const struct engine_view *view)
{
    const struct threads *now = view->threads;
    struct bpf_thread *list = calloc(now->count + 1, sizeof(*list));
    size_t count = 0;
    int err = 0;
    if (!list)
        return -ENOMEM;
    for (size_t i = 0; !err && i < now->count; i++) {
        err = put_thread(n, view, now->list[i].tid, &list[count]);
        count += list[count].inner != 0; /* 0: it has ended meanwhile */
    }
    replace_threads(n, list, count);
    return err;
}

/* --- the node ------------------------------------------------------------- */

int bpf_node_identify(struct bpf_node *n, pid_t pid)
{
    n->pid = pid;
    int err = pidns_read(pid, &n->ns);
    if (err)
        return err;
    n->setup.ns_dev = n->ns.dev;
    n->setup.ns_ino = n->ns.ino;
    n->setup.tgid = (uint64_t)pidns_inner(&n->ns, pid, pid);
    return n->setup.tgid ? 0 : -E_NO_PROCESS;
}

int bpf_node_tell_setup(struct bpf_node *n)
{
    if (memcmp(&n->setup, &n->told, sizeof(n->told)) == 0)
        return 0;
    n->told = n->setup;
    return bpf_program_setup(n->program, &n->told);
}

static void plan_setup(struct bpf_setup *setup, const struct engine_view *view)
{
    uint32_t bytes = view->layout->process_bytes;
    copy_plan_offsets(view, &setup->at);
    bool all = bytes <= BPF_HEAD_MAX && setup->at.stop != COPY_UNKNOWN &&
               setup->at.htop != COPY_UNKNOWN && setup->at.hend != COPY_UNKNOWN;
    setup->head_bytes = all ? bytes : 0;
}

int bpf_node_tell(struct bpf_node *n, const struct engine_view *view,
                  struct cpus *allowed)
{
    plan_setup(&n->setup, view);
    int err = bpf_node_tell_setup(n);
    if (!err)
        err = tell_threads(n, view);
    cpus_allowed(view->threads, allowed);
    return cpus_next(allowed, 0) < 0 ? -E_GONE : err;
}

int bpf_node_sample(struct bpf_node *n, const void *record, size_t len,
                    struct sample *out)
{
    int err = bpf_sample_read(record, len, &n->setup.at, &n->room, out);
    if (err)
        return err;
    struct bpf_thread *t = find_inner(n, (uint64_t)out->tid);
    if (t && out->has_regs)
        t->sp = out->regs.r[REGS_RSP];
    out->tid = t ? t->tid : n->ns.ours ? out->tid : 0;
    return 0;
}

struct schedstat bpf_node_sched(const struct bpf_node *n)
{
    struct schedstat sum = {0}, one;
    for (size_t i = 0; i < n->count; i++) {
        if (schedstat_read(n->pid, n->threads[i].tid, &one) != 0)
            continue;
        sum.cpu_ns += one.cpu_ns;
        sum.wait_ns += one.wait_ns;
    }
    return sum;
}

void bpf_node_deinit(struct bpf_node *n)
{
    free(n->threads);
    n->threads = NULL;
    n->count = 0;
}
