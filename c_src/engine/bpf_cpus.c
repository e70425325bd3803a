#include "engine/bpf_cpus.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/perf_records.h"

enum { RING_BYTES = 4096 };

static void close_cpu(struct bpf_cpu *cpu)
{
    perf_event_unmap(&cpu->ring);
    if (cpu->fd >= 0)
        close(cpu->fd);
    cpu->fd = -1;
}

/* After an error nothing is left open. */
static int open_cpu(const struct bpf_cpus *c, int number, struct bpf_cpu *cpu)
{
    *cpu = (struct bpf_cpu){.cpu = number, .drawn_ns = clock_now_ns()};
    perf_jitter_init(&cpu->jitter, number);
    struct perf_event_setup setup = c->setup;
    setup.period_ns = perf_jitter_period(&cpu->jitter, setup.period_ns);
    cpu->fd = perf_event_open_cpu(number, &setup);
    if (cpu->fd < 0)
        return cpu->fd;
    int err = bpf_program_attach(c->program, cpu->fd, number);
    if (!err)
        err = perf_event_map(cpu->fd, RING_BYTES, &cpu->ring);
    if (!err && c->running)
        err = perf_event_enable(cpu->fd);
    if (err)
        close_cpu(cpu);
    return err;
}

static struct bpf_cpu *find(struct bpf_cpus *c, int number)
{
    for (size_t i = 0; i < c->count && c->list[i].cpu <= number; i++)
        if (c->list[i].cpu == number)
            return &c->list[i];
    return NULL;
}

/* A running cpu-clock counts all the time, until its CPU goes offline. It does
 * not continue when the CPU comes back. */
static bool is_dead(const struct bpf_cpus *c, struct bpf_cpu *cpu)
{
    uint64_t before = cpu->counted;
    if (!c->running || c->setup.event != ENGINE_CPU_CLOCK ||
        perf_event_count(cpu->fd, &cpu->counted) != 0)
        return false;
    return cpu->counted == before;
}

static void note_late(struct bpf_cpus *c)
{
    if (!c->running)
        return;
    c->late_ns += clock_now_ns() - c->looked_ns;
}

/* Moves an event that still runs over from the old list, or opens a new one. */
static int put_cpu(struct bpf_cpus *c, int number, struct bpf_cpu *to)
{
    struct bpf_cpu *old = find(c, number);
    if (old && !is_dead(c, old)) {
        *to = *old;
        *old = (struct bpf_cpu){.cpu = number, .fd = -1};
        return 0;
    }
    int err = open_cpu(c, number, to);
    if (!err)
        note_late(c);
    perf_event_skip(&c->skipped, err);
    return err;
}

static void close_all(struct bpf_cpus *c)
{
    for (size_t i = 0; i < c->count; i++)
        close_cpu(&c->list[i]);
    free(c->list);
    c->list = NULL;
    c->count = 0;
}

static size_t count_of(const struct cpus *set)
{
    return (size_t)CPU_COUNT_S(sizeof(*set), set->sets);
}

int bpf_cpus_set(struct bpf_cpus *c, const struct cpus *allowed)
{
    struct bpf_cpu *list = calloc(count_of(allowed) + 1, sizeof(*list));
    size_t count = 0;
    int first = 0;
    if (!list)
        return -ENOMEM;
    c->skipped = (struct perf_event_skipped){.cpus = 0};
    for (int n = cpus_next(allowed, 0); n >= 0; n = cpus_next(allowed, n + 1)) {
        int err = put_cpu(c, n, &list[count]);
        count += err == 0;
        first = first ? first : err;
    }
    close_all(c);
    c->list = list;
    c->count = count;
    c->looked_ns = clock_now_ns();
    if (count)
        return 0;
    return first ? first : -ENODEV;
}

int bpf_cpus_start(struct bpf_cpus *c)
{
    c->running = true;
    for (size_t i = 0; i < c->count; i++) {
        int err = perf_event_enable(c->list[i].fd);
        if (err)
            return err;
    }
    return 0;
}

void bpf_cpus_stop(struct bpf_cpus *c)
{
    bpf_cpus_look(c);
    c->running = false;
    for (size_t i = 0; i < c->count; i++)
        perf_event_disable(c->list[i].fd);
}

/* These rings have no samples, because the program takes those. */
static void drain(struct bpf_cpus *c, struct bpf_cpu *cpu)
{
    static uint8_t scratch[PERF_RECORDS_MAX_BYTES];
    static struct perf_record record;
    struct perf_records records = {.ring = cpu->ring.bytes,
                                   .size = cpu->ring.size,
                                   .tail = perf_event_tail(&cpu->ring),
                                   .head = perf_event_head(&cpu->ring),
                                   .scratch = scratch};
    while (records.tail != records.head &&
           perf_records_next(&records, &record) > 0)
        c->throttled += record.kind == PERF_RECORDS_THROTTLE;
    perf_event_release(&cpu->ring, records.tail);
}

static void redraw(const struct bpf_cpus *c, struct bpf_cpu *cpu, uint64_t now)
{
    uint64_t periods = (now - cpu->drawn_ns) / c->setup.period_ns;
    cpu->jitter.samples = periods < UINT32_MAX ? (unsigned)periods : UINT32_MAX;
    if (perf_jitter_redraw(&cpu->jitter, cpu->fd, &c->setup))
        cpu->drawn_ns = now;
}

void bpf_cpus_look(struct bpf_cpus *c)
{
    uint64_t now = clock_now_ns();
    for (size_t i = 0; c->running && i < c->count; i++) {
        redraw(c, &c->list[i], now);
        drain(c, &c->list[i]);
    }
}

void bpf_cpus_close(struct bpf_cpus *c)
{
    close_all(c);
}
