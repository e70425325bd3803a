#include "engine/perf_thread.h"

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"

enum {
    FIRST_STACK = 8192,
    WINDOW = 1000,
};

static unsigned most_stack(size_t ring_bytes)
{
    size_t quarter = ring_bytes / 4;
    return quarter < PERF_EVENT_MAX_STACK ? (unsigned)quarter
                                          : PERF_EVENT_MAX_STACK;
}

static unsigned at_most(unsigned value, unsigned limit)
{
    return value < limit ? value : limit;
}

/* After an error nothing is left open. */
static int open_event(const struct perf_thread *t, size_t ring_bytes, int *fd,
                      struct perf_event_ring *ring)
{
    int opened = perf_event_open(t->tid, &t->setup);
    if (opened < 0)
        return opened;
    int result = perf_event_map(opened, ring_bytes, ring);
    if (result == 0) {
        *fd = opened;
        return 0;
    }
    close(opened);
    return result == -EPERM || result == -ENOMEM ? -E_MEMLOCK : result;
}

int perf_thread_open(struct perf_thread *t, const struct thread *of,
                     const struct perf_event_setup *setup, size_t ring_bytes)
{
    *t = (struct perf_thread){
        .tid = of->tid, .kind = of->kind, .fd = -1, .setup = *setup};
    t->setup.stack_bytes = at_most(FIRST_STACK, most_stack(ring_bytes));
    perf_jitter_init(&t->jitter, of->tid);
    return open_event(t, ring_bytes, &t->fd, &t->ring);
}

void perf_thread_close(struct perf_thread *t)
{
    perf_event_unmap(&t->ring);
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
}

struct perf_records perf_thread_records(const struct perf_thread *t,
                                        uint8_t *scratch)
{
    return (struct perf_records){
        .ring = t->ring.bytes,
        .size = t->ring.size,
        .tail = perf_event_tail(&t->ring),
        .head = perf_event_head(&t->ring),
        .callchain = t->setup.callchain,
        .scratch = scratch,
    };
}

void perf_thread_saw(struct perf_thread *t, bool too_short)
{
    if (t->recent == WINDOW)
        t->recent = t->recent_short = 0;
    t->recent++;
    t->recent_short += too_short;
    t->jitter.samples++;
}

void perf_thread_told_lost(struct perf_thread *t, uint64_t count)
{
    t->lost_told += count;
}

uint64_t perf_thread_lost(const struct perf_thread *t)
{
    uint64_t lost;
    if (t->fd < 0 || perf_event_lost(t->fd, &lost) != 0)
        lost = t->lost_told;
    return t->lost_before + lost;
}

bool perf_thread_wants_growth(const struct perf_thread *t)
{
    unsigned seen = t->recent < 100 ? 100 : t->recent;
    return t->recent_short * 100 > seen &&
           t->setup.stack_bytes < most_stack(t->ring.size);
}

int perf_thread_grow(struct perf_thread *t)
{
    size_t ring_bytes = t->ring.size;
    t->lost_before = perf_thread_lost(t);
    t->lost_told = 0;
    perf_thread_close(t); /* first, to free its locked memory */
    t->setup.stack_bytes =
        at_most(t->setup.stack_bytes * 2, most_stack(ring_bytes));
    t->recent = t->recent_short = 0;
    int result = open_event(t, ring_bytes, &t->fd, &t->ring);
    if (result == 0)
        result = perf_event_enable(t->fd);
    t->over = result != 0;
    return result;
}
