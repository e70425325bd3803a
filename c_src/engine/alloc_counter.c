#include "engine/alloc_counter.h"

void alloc_counter_init(struct alloc_counter *c, pid_t pid,
                        const struct collector *of)
{
    *c = (struct alloc_counter){.memory = memory_of_pid(pid),
                                .offset = of->counter,
                                .dirty_at = of->dirty};
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
        c->read &= n < c->count && c->at[n].addr == place;
        c->at[n] = (struct memory_span){
            .addr = place, .to = &c->value[n], .len = sizeof(c->value[n])};
        n++;
    }
    c->read &= n == c->count;
    c->count = n;
}

/* In one call, because there are up to 100 windows per second. */
static bool read_all(struct alloc_counter *c)
{
    return c->count > 0 &&
           memory_read_many(&c->memory, c->at, c->count) == (int)c->count;
}

double alloc_counter_since(struct alloc_counter *c)
{
    uint64_t sum = 0, before = c->last;
    bool known = c->read;
    c->read = read_all(c);
    for (size_t i = 0; i < c->count && c->read; i++)
        sum += c->value[i];
    c->last = sum;
    return known && c->read && sum >= before ? (double)(sum - before) : -1;
}

/* The VM holds a lock while it adds to both, but a single one is rarely so much
 * that it matters. */
static void add_dirty(struct alloc_counter *c, struct alloc_seen *to)
{
    enum { WORD = 8 };
    uint64_t had[2] = {c->dirty[0], c->dirty[1]};
    bool known = c->dirty_read;
    c->dirty_read = c->dirty_at && memory_read(&c->memory, c->dirty_at - WORD,
                                               c->dirty, sizeof(c->dirty)) == 0;
    if (!known || !c->dirty_read || c->dirty[0] < had[0] ||
        c->dirty[1] < had[1])
        return;
    to->dirty_freed += WORD * (double)(c->dirty[0] - had[0]);
    to->dirty_counted += (double)(c->dirty[1] - had[1]);
}

bool alloc_counter_add(struct alloc_counter *c, struct alloc_seen *to)
{
    double counted = alloc_counter_since(c);
    add_dirty(c, to);
    if (counted < 0)
        return false;
    to->counted = counted + (to->counted > 0 ? to->counted : 0);
    return true;
}
