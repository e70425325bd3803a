#include "recorder/snapshot_schedulers.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "engine/schedstat.h"

struct snapshot_clock {
    struct thread thread;
    bool known;
    uint64_t at_ns;
    struct schedstat stat;
};

static void read_clock(pid_t pid, struct snapshot_clock *c)
{
    c->known = schedstat_read(pid, c->thread.tid, &c->stat) == 0;
    c->at_ns = clock_now_ns();
}

static bool kind_of(enum thread_kind thread, enum snapshot_kind *kind)
{
    switch (thread) {
    case THREAD_NORMAL:
        *kind = SNAPSHOT_NORMAL;
        return true;
    case THREAD_DIRTY_CPU:
        *kind = SNAPSHOT_DIRTY_CPU;
        return true;
    case THREAD_DIRTY_IO:
        *kind = SNAPSHOT_DIRTY_IO;
        return true;
    default:
        return false;
    }
}

int snapshot_clocks_start(struct snapshot_clocks *c, pid_t pid,
                          const struct threads *threads)
{
    enum snapshot_kind kind;
    *c = (struct snapshot_clocks){.pid = pid};
    c->list = calloc(threads->count + 1, sizeof(*c->list));
    if (!c->list)
        return -ENOMEM;
    for (size_t i = 0; i < threads->count; i++) {
        if (!kind_of(threads->list[i].kind, &kind))
            continue;
        c->list[c->count].thread = threads->list[i];
        read_clock(pid, &c->list[c->count++]);
    }
    return 0;
}

void snapshot_clocks_deinit(struct snapshot_clocks *c)
{
    free(c->list);
    c->list = NULL;
}

static struct snapshot_scheduler scheduler(pid_t pid,
                                           const struct snapshot_clock *before)
{
    struct snapshot_clock now = {.thread = before->thread};
    struct snapshot_scheduler s = {.id = before->thread.number};
    kind_of(before->thread.kind, &s.kind);
    read_clock(pid, &now);
    s.known = before->known && now.known && now.at_ns > before->at_ns &&
              now.stat.cpu_ns >= before->stat.cpu_ns &&
              now.stat.wait_ns >= before->stat.wait_ns;
    if (s.known) {
        double ns = (double)(now.at_ns - before->at_ns);
        s.cpu = (double)(now.stat.cpu_ns - before->stat.cpu_ns) / ns;
        s.waiting_for_cpu =
            (double)(now.stat.wait_ns - before->stat.wait_ns) / ns;
    }
    return s;
}

static int by_kind(const void *a, const void *b)
{
    const struct snapshot_scheduler *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

/* Threads are numbered by kind, but the VM numbers all schedulers together:
 * first the normal ones, then those for dirty CPU and for dirty IO work. */
static void set_ids(struct snapshot *s)
{
    uint32_t of_kind[SNAPSHOT_KINDS] = {0}, before[SNAPSHOT_KINDS] = {0};
    for (size_t i = 0; i < s->scheduler_count; i++)
        of_kind[s->schedulers[i].kind]++;
    for (int kind = 1; kind < SNAPSHOT_KINDS; kind++)
        before[kind] = before[kind - 1] + of_kind[kind - 1];
    for (size_t i = 0; i < s->scheduler_count; i++)
        s->schedulers[i].id += before[s->schedulers[i].kind];
}

int snapshot_clocks_stop(const struct snapshot_clocks *c, struct snapshot *s)
{
    s->schedulers = calloc(c->count + 1, sizeof(*s->schedulers));
    if (!s->schedulers)
        return -ENOMEM;
    for (size_t i = 0; i < c->count; i++)
        s->schedulers[s->scheduler_count++] = scheduler(c->pid, &c->list[i]);
    set_ids(s);
    qsort(s->schedulers, s->scheduler_count, sizeof(*s->schedulers), by_kind);
    return 0;
}
