#include "engine/alloc_counter.h"

void alloc_counter_init(struct alloc_counter *c, pid_t pid, uint32_t offset)
{
    *c = (struct alloc_counter){.memory = memory_of_pid(pid), .offset = offset};
}

static uint64_t place_of(const struct alloc_counter *c,
                         const struct engine_view *view, const struct thread *t)
{
    const struct layout_scheduler *s = layout_scheduler(view->layout, t->tid);
    return s && s->esdp ? s->esdp + c->offset : 0;
}

static void forget(struct alloc_counter *c)
{
    c->count = 0;
    c->read = false;
}

void alloc_counter_set(struct alloc_counter *c, const struct engine_view *view)
{
    size_t n = 0;
    for (size_t i = 0; c->offset && i < view->threads->count; i++) {
        const struct thread *t = &view->threads->list[i];
        if (t->kind != THREAD_NORMAL)
            continue;
        uint64_t place = place_of(c, view, t);
        if (!place || n == ALLOC_COUNTER_MAX) {
            forget(c);
            return;
        }
        c->read &= n < c->count && c->at[n] == place;
        c->at[n++] = place;
    }
    c->read &= n == c->count;
    c->count = n;
}

double alloc_counter_since(struct alloc_counter *c)
{
    uint64_t sum = 0, before = c->last, value;
    bool known = c->read;
    c->read = c->count > 0;
    for (size_t i = 0; i < c->count && c->read; i++) {
        c->read = memory_read_u64(&c->memory, c->at[i], &value) == 0;
        sum += value;
    }
    c->last = sum;
    return known && c->read && sum >= before ? (double)(sum - before) : -1;
}
