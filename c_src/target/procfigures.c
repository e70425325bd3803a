#include "target/procfigures.h"

#include <string.h>

#include "target/procfigures_parts.h"

/* Process.state: signals that are messages, and others, wait in the outer queue
 * or in the buffers of parallel senders (ERTS_PSFLG_MSG_SIG_IN_Q, _NMSG_).
 * Before OTP 26, only the second one is used. */
enum { SIGNALS_WAIT = 1 << 12 | 1 << 19 };

struct procfigures procfigures_unknown(void)
{
    return (struct procfigures){.queue = FIGURE_UNKNOWN,
                                .reductions = FIGURE_UNKNOWN,
                                .heap_words = FIGURE_UNKNOWN,
                                .vheap_words = FIGURE_UNKNOWN};
}

static uint64_t word(const void *copy, uint32_t offset)
{
    uint64_t value;
    memcpy(&value, (const uint8_t *)copy + offset, sizeof(value));
    return value;
}

static uint64_t below(uint64_t figure, uint64_t most)
{
    return figure < most ? figure : FIGURE_UNKNOWN;
}

static void queue(const struct procfigures_places *at, const void *copy,
                  struct procfigures *f)
{
    enum { TO_NEXT_SIGNAL = 8 }; /* from ErtsSignalInQueue's length */
    uint64_t length = word(copy, at->queue) + word(copy, at->queue_outer) +
                      (at->queue_middle ? word(copy, at->queue_middle) : 0);
    bool buffered = at->buffers && word(copy, at->buffers) &&
                    (word(copy, at->state) & SIGNALS_WAIT);
    f->queue = below(length, PROCFIGURES_MOST);
    f->queue_at_least =
        buffered ||
        (at->queue_middle && word(copy, at->queue_outer + TO_NEXT_SIGNAL) != 0);
}

static uint64_t heap_words(const struct procfigures_places *at,
                           const void *copy)
{
    uint64_t old = word(copy, at->old_hend) - word(copy, at->old_heap);
    return word(copy, at->heap_size) + old / 8 + word(copy, at->fragments);
}

struct procfigures procfigures_of(const struct procfigures_places *at,
                                  const void *copy)
{
    struct procfigures f = procfigures_unknown();
    if (at->known[PROCFIGURE_QUEUE])
        queue(at, copy, &f);
    if (at->known[PROCFIGURE_REDUCTIONS])
        f.reductions =
            below(word(copy, at->reductions), PROCFIGURES_MOST_REDUCTIONS);
    if (at->known[PROCFIGURE_HEAP])
        f.heap_words = below(heap_words(at, copy), PROCFIGURES_MOST);
    if (at->known[PROCFIGURE_VHEAP])
        f.vheap_words = below(word(copy, at->vheap) + word(copy, at->vheap_old),
                              PROCFIGURES_MOST);
    return f;
}
