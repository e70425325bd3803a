#include "engine/ptrace_threads.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/ptrace_clock.h"

enum {
    /* Who has not run for QUIET_NS is looked at in one round of QUIET_ROUNDS:
     * nodes can have a thousand threads, most of which never run. */
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

static void close_thread(struct ptrace_thread *t)
{
    if (t->clock_fd >= 0)
        close(t->clock_fd);
    t->clock_fd = -1;
}

static void begin(struct ptrace_thread *t, uint64_t period_ns, uint64_t now_ns)
{
    struct ptrace_clock clock;
    t->over = ptrace_clock_read(t->clock_fd, &clock) != 0;
    if (t->over)
        return;
    t->cpu_ns = t->sampled_cpu = clock.cpu_ns;
    t->due_cpu = clock.cpu_ns + period_ns;
    t->changed_ns = now_ns;
}

/* A thread that goes on moves over from the old list, a new one is opened. */
static int put(struct ptrace_threads *set, pid_t tid, struct ptrace_thread *to)
{
    struct ptrace_thread *old = find(set, tid);
    if (old && !old->over) {
        *to = *old;
        old->clock_fd = -1;
        return 0;
    }
    *to = (struct ptrace_thread){.tid = tid};
    to->clock_fd = ptrace_clock_open(set->pid, tid);
    if (to->clock_fd < 0)
        return to->clock_fd;
    begin(to, set->period_ns, clock_now_ns());
    return 0;
}

int ptrace_threads_set(struct ptrace_threads *set,
                       const struct engine_view *view)
{
    const struct threads *now = view->threads;
    struct ptrace_thread *list = calloc(now->count + 1, sizeof(*list));
    size_t count = 0, skipped = 0;
    int first = 0;
    if (!list)
        return -ENOMEM;
    for (size_t i = 0; i < now->count; i++) {
        int err = put(set, now->list[i].tid, &list[count]);
        if (!err)
            copy_plan_thread(view, now->list[i].tid, &list[count++].plan);
        else if (err != -ESRCH) /* it may have ended meanwhile */
            skipped++, first = first ? first : err;
    }
    ptrace_threads_deinit(set);
    set->list = list;
    set->count = count;
    set->skipped = skipped;
    if (count)
        return 0;
    return first ? first : -E_GONE;
}

void ptrace_threads_deinit(struct ptrace_threads *set)
{
    for (size_t i = 0; i < set->count; i++)
        close_thread(&set->list[i]);
    free(set->list);
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
            close_thread(&set->list[i]);
        else
            set->list[left++] = set->list[i];
    set->count = left;
    return left;
}

/* --- who is due ---------------------------------------------------------- */

void ptrace_threads_round(struct ptrace_threads *set)
{
    set->look++;
}

/* Whether it runs is asked of all that are due, also of those whose CPU time
 * did not grow since the last look: the kernel tells what a burst took only at
 * its end, or at a tick. */
bool ptrace_threads_due(struct ptrace_threads *set, size_t i, uint64_t now_ns)
{
    struct ptrace_thread *t = &set->list[i];
    struct ptrace_clock clock;
    if (now_ns - t->changed_ns > QUIET_NS && (set->look + i) % QUIET_ROUNDS)
        return false;
    int err = ptrace_clock_read(t->clock_fd, &clock);
    if (err) {
        t->over = true;
        return false;
    }
    if (clock.cpu_ns != t->cpu_ns)
        t->changed_ns = now_ns;
    t->cpu_ns = clock.cpu_ns;
    return clock.cpu_ns >= t->due_cpu && now_ns >= t->rested_ns &&
           ptrace_clock_running(set->pid, t->tid);
}

/* Twice as fast as asked at most: who was due for long is not made up for by
 * stop after stop. */
void ptrace_threads_stopped(struct ptrace_threads *set, size_t i,
                            uint64_t now_ns)
{
    set->list[i].rested_ns = now_ns + set->period_ns / 2;
}

/* What it ran over its due time counts for the next, up to a period. */
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
