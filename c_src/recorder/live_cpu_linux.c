#include "recorder/live_cpu.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/schedstat.h"

void live_cpu_deinit(struct live_cpu *c)
{
    free(c->threads);
    *c = (struct live_cpu){0};
}

/* --- what the kernel says ------------------------------------------------- */

uint64_t live_cpu_node_ns(pid_t pid)
{
    clockid_t clock;
    return clock_getcpuclockid(pid, &clock) == 0 ? clock_ns_of(clock) : 0;
}

/* user nice system idle iowait irq softirq steal (guests are in user). */
int live_cpu_parse(const char *text, uint64_t *busy, uint64_t *all)
{
    enum { IDLE = 3, IOWAIT = 4, FIELDS = 8 };
    uint64_t v[FIELDS];
    if (strncmp(text, "cpu ", 4) != 0 ||
        sscanf(text + 4,
               "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
               " %" SCNu64 " %" SCNu64 " %" SCNu64,
               &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6],
               &v[7]) != FIELDS)
        return -E_FORMAT;
    *all = 0;
    for (int i = 0; i < FIELDS; i++)
        *all += v[i];
    *busy = *all - v[IDLE] - v[IOWAIT];
    return 0;
}

/* --- marks ---------------------------------------------------------------- */

/* The slot of the last mark. */
static unsigned newest(const struct live_cpu *c)
{
    return (unsigned)((c->count - 1) % LIVE_CPU_MARKS);
}

static int by_tid(const void *a, const void *b)
{
    const struct live_cpu_thread *x = a, *y = b;
    return (x->tid > y->tid) - (x->tid < y->tid);
}

const struct live_cpu_thread *live_cpu_find(const struct live_cpu *c, pid_t tid)
{
    const struct live_cpu_thread key = {.tid = tid};
    return c->thread_count ? bsearch(&key, c->threads, c->thread_count,
                                     sizeof(c->threads[0]), by_tid)
                           : NULL;
}

/* A thread that did not exist at earlier marks had used nothing then; at the
 * first mark it is not known how long it has existed. */
static void mark_thread(const struct live_cpu *c, pid_t pid,
                        const struct thread *now, struct live_cpu_thread *to)
{
    struct schedstat s;
    unsigned at = (unsigned)(c->count % LIVE_CPU_MARKS);
    unsigned last = (unsigned)((c->count + LIVE_CPU_SPANS) % LIVE_CPU_MARKS);
    const struct live_cpu_thread *old = live_cpu_find(c, now->tid);
    *to = old ? *old : (struct live_cpu_thread){.tid = now->tid};
    to->kind = now->kind;
    to->number = now->number;
    if (schedstat_read(pid, now->tid, &s) != 0)
        s = old ? (struct schedstat){.cpu_ns = to->ns[last],
                                     .wait_ns = to->waited_ns[last],
                                     .runs = to->runs}
                : (struct schedstat){0};
    to->runs = s.runs;
    to->ns[at] = s.cpu_ns;
    to->waited_ns[at] = s.wait_ns;
}

int live_cpu_mark(struct live_cpu *c, pid_t pid, const struct threads *now)
{
    size_t count =
        now->count < LIVE_CPU_THREADS ? now->count : LIVE_CPU_THREADS;
    struct live_cpu_thread *list = calloc(count + 1, sizeof(*list));
    struct live_cpu_mark *mark = &c->marks[c->count % LIVE_CPU_MARKS];
    if (!list)
        return -ENOMEM;
    *mark = (struct live_cpu_mark){.at_ns = clock_now_ns(),
                                   .node_ns = live_cpu_node_ns(pid)};
    for (size_t i = 0; i < count; i++)
        mark_thread(c, pid, &now->list[i], &list[i]);
    free(c->threads);
    c->threads = list;
    c->thread_count = count;
    c->count++;
    return 0;
}

void live_cpu_mark_machine(struct live_cpu *c)
{
    struct live_cpu_mark *mark = &c->marks[newest(c)];
    char line[256] = "";
    FILE *file = fopen("/proc/stat", "re");
    if (!file)
        return;
    if (!fgets(line, sizeof(line), file) ||
        live_cpu_parse(line, &mark->busy, &mark->all) != 0)
        mark->busy = mark->all = 0;
    fclose(file);
}

/* --- spans ---------------------------------------------------------------- */

unsigned live_cpu_spans(const struct live_cpu *c, unsigned want)
{
    uint64_t there = c->count ? c->count - 1 : 0;
    uint64_t most = want < LIVE_CPU_SPANS ? want : LIVE_CPU_SPANS;
    return (unsigned)(there < most ? there : most);
}

/* The slot of the mark before the span. */
static unsigned oldest(const struct live_cpu *c, unsigned spans)
{
    return (unsigned)((c->count - 1 - spans) % LIVE_CPU_MARKS);
}

uint64_t live_cpu_span_ns(const struct live_cpu *c, unsigned spans)
{
    return spans ? c->marks[newest(c)].at_ns - c->marks[oldest(c, spans)].at_ns
                 : 0;
}

static double cpus(uint64_t from, uint64_t to, uint64_t ns)
{
    return ns && to >= from ? (double)(to - from) / (double)ns : NAN;
}

double live_cpu_of_thread(const struct live_cpu *c,
                          const struct live_cpu_thread *t, unsigned spans)
{
    return spans ? cpus(t->ns[oldest(c, spans)], t->ns[newest(c)],
                        live_cpu_span_ns(c, spans))
                 : NAN;
}

double live_cpu_waited(const struct live_cpu *c,
                       const struct live_cpu_thread *t, unsigned spans)
{
    return spans ? cpus(t->waited_ns[oldest(c, spans)], t->waited_ns[newest(c)],
                        live_cpu_span_ns(c, spans))
                 : NAN;
}

double live_cpu_of_node(const struct live_cpu *c, unsigned spans)
{
    if (!spans || !c->marks[oldest(c, spans)].node_ns)
        return NAN;
    return cpus(c->marks[oldest(c, spans)].node_ns, c->marks[newest(c)].node_ns,
                live_cpu_span_ns(c, spans));
}

double live_cpu_of_machine(const struct live_cpu *c, unsigned spans,
                           unsigned cpu_count)
{
    if (!spans || !cpu_count || !c->marks[oldest(c, spans)].all)
        return NAN;
    const struct live_cpu_mark *from = &c->marks[oldest(c, spans)];
    const struct live_cpu_mark *to = &c->marks[newest(c)];
    return cpus(from->busy, to->busy, to->all - from->all) * cpu_count;
}
