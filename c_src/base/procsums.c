#include "base/procsums.h"

void procsums_init(struct procsums *s, uint32_t top)
{
    largest_init(&s->queues, top);
    largest_init(&s->binaries, top);
    largest_init(&s->leaks, top);
    largest_init(&s->memories, top);
    largest_init(&s->reductions, top);
}

void procsums_sort(struct procsums *s)
{
    largest_sort(&s->queues);
    largest_sort(&s->binaries);
    largest_sort(&s->leaks);
    largest_sort(&s->memories);
    largest_sort(&s->reductions);
}

void procsums_count(struct procsums *s, enum procstate state, bool at_least)
{
    s->count++;
    s->states[state]++;
    s->lower_bounds += at_least;
}

static unsigned queue_class(uint64_t length)
{
    return length ? 64 - (unsigned)__builtin_clzll(length) : 0;
}

static void add_queue(struct procsums *s, const struct procsums_process *p,
                      const struct procsums_since *since)
{
    unsigned class = queue_class(p->queue);
    s->queue_total += p->queue;
    s->queue_max = p->queue > s->queue_max ? p->queue : s->queue_max;
    s->queue_classes[class < PROCSUMS_CLASSES ? class : PROCSUMS_CLASSES - 1]++;
    if (largest_wants(&s->queues, p->queue))
        largest_add(&s->queues, &(struct largest_row){.key = p->queue,
                                                      .id = p->id,
                                                      .more = {since->queue}});
}

static void add_binaries(struct procsums *s, const struct procsums_process *p,
                         const struct procsums_since *since)
{
    uint64_t held = p->vheap_words;
    struct largest_row row = {.key = held,
                              .id = p->id,
                              .more = {held, p->heap_words, since->still_ms}};
    s->vheap_words += held;
    if (largest_wants(&s->binaries, held))
        largest_add(&s->binaries, &row);
    if (held < PROCSUMS_LEAK_LEAST || p->heap_words == FIGURE_UNKNOWN)
        return;
    row.key = held * 256 / (p->heap_words + 1); /* the ratio, in 1/256 */
    if (largest_wants(&s->leaks, row.key))
        largest_add(&s->leaks, &row);
}

static void add_key(struct largest *list, uint64_t key, uint64_t id,
                    uint64_t more)
{
    if (largest_wants(list, key))
        largest_add(
            list, &(struct largest_row){.key = key, .id = id, .more = {more}});
}

void procsums_add(struct procsums *s, const struct procsums_process *p,
                  const struct procsums_since *since)
{
    if (p->queue != FIGURE_UNKNOWN)
        add_queue(s, p, since);
    if (p->vheap_words != FIGURE_UNKNOWN)
        add_binaries(s, p, since);
    if (p->heap_words != FIGURE_UNKNOWN) {
        s->heap_words += p->heap_words;
        add_key(&s->memories, p->heap_words, p->id, p->live_words);
    }
    add_key(&s->reductions, since->reductions, p->id, 0);
}
