#include "engine/bpf_bells.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "target/page.h"

static void close_bell(const struct bpf_bells *b, struct bpf_bell *bell)
{
    if (bell->fd < 0)
        return;
    (void)!bpf_program_bell(b->program, bell->cpu, -1);
    perf_event_unmap(&bell->ring);
    close(bell->fd);
    bell->fd = -1;
}

static int open_bell(const struct bpf_bells *b, int cpu, struct bpf_bell *bell)
{
    *bell = (struct bpf_bell){.cpu = cpu, .fd = perf_event_open_output(cpu)};
    if (bell->fd < 0)
        return bell->fd;
    int err = perf_event_map_over(bell->fd, PAGE, &bell->ring);
    if (!err)
        err = bpf_program_bell(b->program, cpu, bell->fd);
    if (err)
        close_bell(b, bell);
    return err;
}

/* Moves the CPU's bell over from the old list, or opens one. */
static int put_bell(struct bpf_bells *b, int cpu, struct bpf_bell *to)
{
    for (size_t i = 0; i < b->count; i++) {
        if (b->list[i].cpu != cpu)
            continue;
        *to = b->list[i];
        b->list[i].fd = -1;
        return 0;
    }
    int err = open_bell(b, cpu, to);
    perf_event_skip(&b->skipped, err);
    return err;
}

int bpf_bells_set(struct bpf_bells *b, const struct cpus *allowed)
{
    size_t most = (size_t)CPU_COUNT_S(sizeof(*allowed), allowed->sets);
    struct bpf_bell *list = calloc(most + 1, sizeof(*list));
    size_t count = 0;
    int first = 0;
    if (!list)
        return -ENOMEM;
    b->skipped = (struct perf_event_skipped){.cpus = 0};
    for (int n = cpus_next(allowed, 0); n >= 0; n = cpus_next(allowed, n + 1)) {
        int err = put_bell(b, n, &list[count]);
        count += err == 0;
        first = first ? first : err;
    }
    bpf_bells_close(b);
    b->list = list;
    b->count = count;
    return count ? 0 : first ? first : -ENODEV;
}

void bpf_bells_close(struct bpf_bells *b)
{
    for (size_t i = 0; i < b->count; i++)
        close_bell(b, &b->list[i]);
    free(b->list);
    b->list = NULL;
    b->count = 0;
}
