#include "engine/ptrace_threads.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "engine/ptrace_cpu.h"
#include "engine/ptrace_hand.h"

enum {
    /* A thread that has not run for QUIET_NS is looked at only in one of
     * QUIET_ROUNDS rounds, because a node can have a thousand threads, most of
     * which never run. */
    QUIET_NS = 1000 * 1000 * 1000,
    QUIET_ROUNDS = 16,
};

/* --- the list ------------------------------------------------------------ */

static struct ptrace_thread *find(struct ptrace_threads *set, pid_t tid)
{
    size_t low = 0, high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set->list[middle].tid < tid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < set->count && set->list[low].tid == tid ? &set->list[low]
                                                         : NULL;
}

static bool read_clock(struct ptrace_thread *t)
{
    t->over = ptrace_clock_read(&t->files, &t->clock) != 0;
    return !t->over;
}

static void begin(struct ptrace_thread *t, uint64_t period_ns, uint64_t now_ns)
{
    if (!read_clock(t))
        return;
    t->sampled_cpu = t->clock.cpu_ns;
    t->due_cpu = t->clock.cpu_ns + period_ns;
    t->changed_ns = now_ns;
}

static int open_thread(struct ptrace_threads *set, pid_t tid,
                       struct ptrace_thread *to)
{
    *to = (struct ptrace_thread){.tid = tid};
    int err = ptrace_clock_open(set->pid, tid, &to->files);
    if (err)
        return err;
    begin(to, set->period_ns, clock_now_ns());
    return 0;
}

/* Moves a known thread over from the old list, or opens a new one.
 * @return 1: it is new; 0: it is known; or -errno */
static int put(struct ptrace_threads *set, pid_t tid, struct ptrace_thread *to)
{
    struct ptrace_thread *old = find(set, tid);
    if (!old || old->over) {
        int err = open_thread(set, tid, to);
        return err ? err : 1;
    }
    *to = *old;
    old->files = (struct ptrace_clock_files){-1, -1, -1};
    return 0;
}

/* Fills the list of *next with the present threads.
 * @return the number of new ones */
static size_t fill(struct ptrace_threads *set, const struct engine_view *view,
                   struct ptrace_threads *next, int *first_error)
{
    size_t fresh = 0;
    for (size_t i = 0; i < view->threads->count; i++) {
        pid_t tid = view->threads->list[i].tid;
        struct ptrace_thread *to = &next->list[next->count];
        int result = put(set, tid, to);
        if (result >= 0) {
            copy_plan_thread(view, tid, &to->plan);
            next->count++;
            fresh += result > 0;
        } else if (result != -ESRCH) { /* -ESRCH: it has ended meanwhile */
            next->skipped++;
            *first_error = *first_error ? *first_error : result;
        }
    }
    return fresh;
}

int ptrace_threads_set(struct ptrace_threads *set,
                       const struct engine_view *view)
{
    struct ptrace_threads next = *set;
    int first_error = 0;
    next.count = next.skipped = 0;
    next.room = view->threads->count + 1;
    next.list = ptrace_hand_memory(next.room * sizeof(*next.list));
    if (!next.list)
        return -ENOMEM;
    size_t fresh = fill(set, view, &next, &first_error);
    if (fresh == 0 && set->count && next.count == set->count) {
        memcpy(set->list, next.list, next.count * sizeof(*next.list));
        ptrace_hand_forget(next.list, next.room * sizeof(*next.list));
        set->skipped = next.skipped;
        return 0;
    }
    ptrace_threads_deinit(set);
    *set = next;
    if (set->count)
        return 1;
    return first_error ? first_error : -E_GONE;
}

void ptrace_threads_deinit(struct ptrace_threads *set)
{
    for (size_t i = 0; i < set->count; i++)
        ptrace_clock_close(&set->list[i].files);
    ptrace_hand_forget(set->list, set->room * sizeof(*set->list));
    set->list = NULL;
    set->count = 0;
}

void ptrace_threads_begin(struct ptrace_threads *set, uint64_t now_ns)
{
    for (size_t i = 0; i < set->count; i++)
        begin(&set->list[i], set->period_ns, now_ns);
}

size_t ptrace_threads_sweep(struct ptrace_threads *set)
{
    size_t left = 0;
    for (size_t i = 0; i < set->count; i++)
        if (set->list[i].over)
            ptrace_clock_close(&set->list[i].files);
        else
            set->list[left++] = set->list[i];
    set->count = left;
    return left;
}

/* --- which threads are due ----------------------------------------------- */

static bool is_due(struct ptrace_threads *set, size_t i, uint64_t now_ns)
{
    struct ptrace_thread *t = &set->list[i];
    uint64_t old_ns = t->clock.cpu_ns;
    if (now_ns - t->changed_ns > QUIET_NS && (set->look + i) % QUIET_ROUNDS)
        return false;
    if (!read_clock(t))
        return false;
    if (t->clock.cpu_ns != old_ns)
        t->changed_ns = now_ns;
    return t->clock.cpu_ns >= t->due_cpu && now_ns >= t->rested_ns;
}

/* This does not check whether a thread runs now. A thread that runs now and
 * still runs a moment later is more likely to be in something long. */
void ptrace_threads_round(struct ptrace_threads *set, uint64_t now_ns)
{
    set->look++;
    for (size_t i = 0; i < set->count; i++)
        set->list[i].cpu =
            is_due(set, i, now_ns) ? ptrace_cpu_of(&set->list[i].files) : -1;
}

/* The thread that was running on this CPU. All threads of the CPU have then had
 * their turn in this round. */
static size_t runner(struct ptrace_threads *set, int cpu)
{
    size_t found = set->count;
    for (size_t i = 0; i < set->count; i++) {
        struct ptrace_thread *t = &set->list[i];
        if (t->cpu != cpu)
            continue;
        t->cpu = -1;
        if (found == set->count && read_clock(t) &&
            ptrace_clock_running(&t->files))
            found = i;
    }
    return found;
}

size_t ptrace_threads_next(struct ptrace_threads *set)
{
    size_t found = set->count;
    for (size_t i = 0; i < set->count && found == set->count; i++) {
        int cpu = set->list[i].cpu;
        if (cpu < 0)
            continue;
        ptrace_cpu_take(cpu);
        found = runner(set, cpu);
    }
    return found;
}

/* A thread is sampled at most at twice the rate: one that was due for long is
 * not stopped again and again to catch up. */
void ptrace_threads_stopped(struct ptrace_threads *set, size_t i,
                            uint64_t now_ns)
{
    set->list[i].rested_ns = now_ns + set->period_ns / 2;
}

/* CPU time beyond the time when it was due counts for the next sample, up to a
 * period. */
uint64_t ptrace_threads_sampled(struct ptrace_threads *set, size_t i,
                                uint64_t cpu_ns)
{
    struct ptrace_thread *t = &set->list[i];
    uint64_t stands_for = cpu_ns - t->sampled_cpu;
    t->sampled_cpu = cpu_ns;
    t->due_cpu += set->period_ns;
    if (t->due_cpu < cpu_ns)
        t->due_cpu = cpu_ns;
    return stands_for;
}
