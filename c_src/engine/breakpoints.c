#include "engine/breakpoints.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/minus.h"
#include "engine/perf_event.h"

static void close_one(struct breakpoint *one)
{
    if (one->fd >= 0)
        close(one->fd);
    one->fd = -1;
}

/* Of the hits that were allowed before, some may be left. */
static int arm_one(struct breakpoints *b, struct breakpoint *one)
{
    bool moves = b->of == BPF_HITS_WORDS;
    int err = moves ? perf_breakpoint_move(one->fd, b->addr) : 0;
    uint64_t hits = bpf_program_stops(b->program, b->of, one->cpu);
    uint64_t left = minus_capped(one->allowed, hits);
    if (err)
        return err;
    if (b->most == 0)
        return perf_event_enable(one->fd);
    if (left >= b->most)
        return perf_breakpoint_allow(one->fd, 0);
    one->allowed = hits + b->most;
    return perf_breakpoint_allow(one->fd, b->most - (unsigned)left);
}

static int open_one(struct breakpoints *b, int cpu, struct breakpoint *one)
{
    int fd =
        perf_breakpoint_open(b->of == BPF_HITS_WORDS ? PERF_BREAKPOINT_WRITTEN
                                                     : PERF_BREAKPOINT_REACHED,
                             cpu, b->addr, bpf_program_of(b->program, b->of));
    *one = (struct breakpoint){.cpu = cpu, .fd = fd};
    if (fd < 0)
        return fd;
    one->allowed = bpf_program_stops(b->program, b->of, cpu);
    int err = b->armed ? arm_one(b, one) : 0;
    if (err)
        close_one(one);
    return err;
}

/* Moves the CPU's breakpoint over from the old list, or opens one. */
static int put_one(struct breakpoints *b, int cpu, struct breakpoint *to,
                   struct breakpoints_gap *gap)
{
    for (size_t i = 0; i < b->count; i++) {
        if (b->list[i].cpu != cpu)
            continue;
        *to = b->list[i];
        b->list[i].fd = -1;
        return 0;
    }
    int err = open_one(b, cpu, to);
    if (err) {
        gap->why = gap->cpus ? gap->why : err;
        gap->cpus++;
    }
    return err;
}

int breakpoints_set(struct breakpoints *b, const struct cpus *allowed)
{
    size_t most = (size_t)CPU_COUNT_S(sizeof(*allowed), allowed->sets);
    struct breakpoint *list = calloc(most + 1, sizeof(*list));
    struct breakpoints_gap gap = {.of = most};
    size_t count = 0;
    int first = 0;
    if (!list)
        return -ENOMEM;
    for (int n = cpus_next(allowed, 0); n >= 0; n = cpus_next(allowed, n + 1)) {
        int err = put_one(b, n, &list[count], &gap);
        count += err == 0;
        first = first ? first : err;
    }
    breakpoints_close(b);
    b->list = list;
    b->count = count;
    b->gap = gap.cpus > b->gap.cpus ? gap : b->gap;
    return count ? 0 : first ? first : -ENODEV;
}

int breakpoints_arm(struct breakpoints *b)
{
    int err = 0;
    b->armed = true;
    for (size_t i = 0; i < b->count && !err; i++)
        err = arm_one(b, &b->list[i]);
    if (err)
        breakpoints_disarm(b);
    return err;
}

int breakpoints_arm_at(struct breakpoints *b, uint64_t addr, unsigned most)
{
    b->addr = addr;
    b->most = most;
    return breakpoints_arm(b);
}

void breakpoints_disarm(struct breakpoints *b)
{
    for (size_t i = 0; i < b->count && b->armed; i++)
        perf_event_disable(b->list[i].fd);
    b->armed = false;
}

void breakpoints_close(struct breakpoints *b)
{
    for (size_t i = 0; i < b->count; i++)
        close_one(&b->list[i]);
    free(b->list);
    b->list = NULL;
    b->count = 0;
}
