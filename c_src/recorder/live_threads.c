#include "recorder/live_threads.h"

#include <errno.h>
#include <stdlib.h>

enum { KINDS = THREAD_OTHER + 1 };

/* Which row of the moment each thread is in, by its place in cpu->threads. */
struct rows {
    const struct live_cpu *cpu;
    size_t normal; /* rows of schedulers, which come first */
    size_t *of;
};

static bool is_normal(const struct live_cpu_thread *t)
{
    return t->kind == THREAD_NORMAL;
}

static int by_number(const void *a, const void *b)
{
    const struct moment_thread *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

static void add_schedulers(struct rows *r, struct moment *m)
{
    for (size_t i = 0; i < r->cpu->thread_count; i++)
        if (is_normal(&r->cpu->threads[i]))
            m->threads[r->normal++] =
                (struct moment_thread){.kind = thread_kind_name(THREAD_NORMAL),
                                       .number = r->cpu->threads[i].number};
    qsort(m->threads, r->normal, sizeof(m->threads[0]), by_number);
}

static size_t row_of(const struct rows *r, const struct moment *m,
                     const struct live_cpu_thread *t)
{
    size_t i = 0;
    if (!is_normal(t))
        return r->normal + (size_t)t->kind - 1; /* the kinds after it */
    while (m->threads[i].number != t->number)
        i++;
    return i;
}

static void add_cpu(const struct rows *r, unsigned spans, struct moment *m)
{
    for (size_t i = 0; i < r->cpu->thread_count; i++) {
        const struct live_cpu_thread *t = &r->cpu->threads[i];
        struct moment_thread *row = &m->threads[r->of[i]];
        row->used += live_cpu_of_thread(r->cpu, t, spans);
        row->threads++;
    }
}

/* Samples of threads that have ended meanwhile belong to no row. */
static void add_samples(const struct rows *r, struct moment *m)
{
    const struct profile *p = m->window;
    for (size_t i = 0; i < profile_sample_count(p); i++) {
        const struct profile_sample *s = profile_sample_at(p, i);
        if (s->thread == PROFILE_NONE)
            continue;
        const struct live_cpu_thread *t =
            live_cpu_find(r->cpu, (pid_t)profile_thread_at(p, s->thread)->tid);
        if (!t)
            continue;
        struct moment_thread *row = &m->threads[r->of[t - r->cpu->threads]];
        row->samples += profile_weight(p, i);
        row->by_state[s->state] += profile_weight(p, i);
    }
}

static void drop_empty(struct moment *m)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->thread_count; i++)
        if (m->threads[i].threads)
            m->threads[kept++] = m->threads[i];
    m->thread_count = kept;
}

int live_threads_see(const struct live_cpu *cpu, unsigned spans,
                     struct moment *m)
{
    struct rows r = {.cpu = cpu};
    r.of = calloc(cpu->thread_count + 1, sizeof(*r.of));
    m->threads = calloc(cpu->thread_count + KINDS, sizeof(*m->threads));
    if (!r.of || !m->threads) {
        free(r.of);
        return -ENOMEM;
    }
    add_schedulers(&r, m);
    m->thread_count = r.normal + KINDS - 1;
    for (int kind = THREAD_NORMAL + 1; kind < KINDS; kind++)
        m->threads[r.normal + (size_t)kind - 1].kind =
            thread_kind_name((enum thread_kind)kind);
    for (size_t i = 0; i < cpu->thread_count; i++)
        r.of[i] = row_of(&r, m, &cpu->threads[i]);
    add_cpu(&r, live_cpu_spans(cpu, spans), m);
    if (m->window)
        add_samples(&r, m);
    drop_empty(m);
    free(r.of);
    return 0;
}
