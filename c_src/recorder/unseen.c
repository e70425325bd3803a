#include "recorder/unseen.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/minus.h"
#include "engine/schedstat.h"

enum { KINDS = THREAD_OTHER + 1 };

struct watched {
    pid_t tid;
    enum thread_kind kind;
    uint64_t from_ns, last_ns; /* its CPU time at the start and as last seen */
    uint64_t from_runs, last_runs; /* and how often it came onto a CPU */
};

struct unseen {
    pid_t pid;
    uint64_t from_ns, used_ns; /* of the process, with threads that ended */
    struct watched *list;      /* sorted by tid */
    size_t count;
    /* Of threads that are gone, as last seen. */
    uint64_t ended_kind_ns[KINDS], ended_runs;
    uint64_t seen_ns[KINDS], new_ns, samples, kernel;
};

/* --- what the kernel says ------------------------------------------------- */

static uint64_t process_ns(pid_t pid)
{
    clockid_t clock;
    return clock_getcpuclockid(pid, &clock) == 0 ? clock_ns_of(clock) : 0;
}

/* What a thread used, as of its last tick or switch; nothing changes if it is
 * gone. */
static void look_at(const struct unseen *u, struct watched *w)
{
    struct schedstat s;
    if (schedstat_read(u->pid, w->tid, &s) != 0)
        return;
    w->last_ns = s.cpu_ns;
    w->last_runs = s.runs;
}

static struct watched *find(const struct unseen *u, pid_t tid)
{
    size_t low = 0, high = u->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (u->list[middle].tid < tid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < u->count && u->list[low].tid == tid ? &u->list[low] : NULL;
}

static void watch(struct unseen *u, const struct thread *t, bool begun,
                  struct watched *to)
{
    const struct watched *old = find(u, t->tid);
    *to = old ? *old : (struct watched){.tid = t->tid};
    to->kind = t->kind;
    look_at(u, to);
    if (old)
        return;
    to->from_ns = begun ? 0 : to->last_ns;
    to->from_runs = begun ? 0 : to->last_runs;
    u->new_ns += begun ? to->last_ns : 0;
}

static void bury(struct unseen *u, const struct threads *now)
{
    for (size_t i = 0; i < u->count; i++) {
        const struct watched *w = &u->list[i];
        if (threads_find(now, w->tid))
            continue;
        u->ended_kind_ns[w->kind] += w->last_ns - w->from_ns;
        u->ended_runs += w->last_runs - w->from_runs;
    }
}

static int look(struct unseen *u, const struct threads *now, bool begun)
{
    struct watched *list = calloc(now->count + 1, sizeof(*list));
    if (!list)
        return -ENOMEM;
    for (size_t i = 0; i < now->count; i++)
        watch(u, &now->list[i], begun, &list[i]);
    bury(u, now);
    free(u->list);
    u->list = list;
    u->count = now->count;
    return 0;
}

int unseen_open(pid_t pid, const struct threads *now, struct unseen **out)
{
    struct unseen *u = calloc(1, sizeof(*u));
    if (!u)
        return -ENOMEM;
    u->pid = pid;
    u->from_ns = process_ns(pid);
    int err = look(u, now, false);
    if (err)
        free(u);
    else
        *out = u;
    return err;
}

void unseen_close(struct unseen *u)
{
    if (u)
        free(u->list);
    free(u);
}

int unseen_look(struct unseen *u, const struct threads *now)
{
    return look(u, now, true);
}

void unseen_sample(struct unseen *u, const struct threads *threads,
                   const struct sample *s)
{
    struct thread new;
    const struct thread *t = threads_find(threads, s->tid);
    if (!t)
        threads_newcomer(threads, s->tid, s->comm, &new);
    u->seen_ns[t ? t->kind : new.kind] += s->period_ns;
    u->samples++;
    u->kernel += s->in_kernel;
}

void unseen_stop(struct unseen *u)
{
    uint64_t now = process_ns(u->pid);
    u->used_ns = u->from_ns && now > u->from_ns ? now - u->from_ns : 0;
    for (size_t i = 0; i < u->count; i++)
        look_at(u, &u->list[i]);
}

/* --- the difference ------------------------------------------------------- */

/* The difference that chance explains: three standard errors of that many
 * samples, and 8 ms that the kernel's own accounting may lag behind. */
static uint64_t chance(uint64_t samples, uint64_t period_ns)
{
    return (uint64_t)(3 * sqrt((double)samples + 1)) * period_ns +
           8 * NS_PER_MS;
}

static void add(char *line, size_t size, const char *before, uint64_t ns,
                const char *what)
{
    size_t len = strlen(line);
    if (ns >= 5 * NS_PER_MS)
        snprintf(line + len, size - len, "%s%.2f s %s", before,
                 (double)ns / (double)NS_PER_S, what);
}

static void add_text(char *line, size_t size, const char *text)
{
    size_t len = strlen(line);
    snprintf(line + len, size - len, "%s", text);
}

static uint64_t at_most(uint64_t *left, uint64_t ns)
{
    uint64_t part = ns < *left ? ns : *left;
    *left -= part;
    return part;
}

static void add_kinds(const struct unseen_gap *g, char *line, size_t size)
{
    for (int k = 0; k < KINDS; k++) {
        int64_t gap = g->kinds[k];
        if (gap > 0 && (uint64_t)gap > g->used_ns / 50)
            add(line, size, "; ", (uint64_t)gap,
                thread_kind_name((enum thread_kind)k));
    }
}

/*
 * The kernel divides the time of a context switch between the two threads at
 * another moment than a timer does. If a thread wakes another one that takes
 * its CPU, the kernel charges the way to the switch to the woken thread
 * (kernel/sched/core.c, rq_clock_skip_update); and a timer that expires while
 * interrupts are off fires in the next thread. In virtual machines this was 1
 * to 8 us a switch, and `perf record -a` showed the same (bench/seen.exs).
 */
enum { SWITCH_MOST_NS = 10000 };

static bool may_be_switches(const struct unseen_gap *g, uint64_t ns)
{
    return g->per_cpu && ns / SWITCH_MOST_NS < g->switches;
}

/* Causes that are known to have happened, though not for how long. */
static const char *rest_of(const struct unseen_gap *g, uint64_t ns)
{
    if (g->throttled && g->paused)
        return "while cprof was stopped or the kernel held samples back,";
    if (g->throttled)
        return "while the kernel held samples back,";
    if (g->paused)
        return "while cprof was stopped,";
    return may_be_switches(g, ns)
               ? "of context switches, which the kernel divides between "
                 "threads at another moment than a timer does,"
               : "for an unknown reason,";
}

static bool explain_missing(const struct unseen_gap *g, char *line, size_t size)
{
    if (g->used_ns <= g->seen_ns)
        return false;
    uint64_t left = g->used_ns - g->seen_ns;
    if (left <= g->used_ns / 50 + chance(g->samples, g->period_ns))
        return false;
    snprintf(line, size,
             "of %.2f s of CPU time that the node used, %.2f s were not "
             "sampled:",
             (double)g->used_ns / (double)NS_PER_S,
             (double)left / (double)NS_PER_S);
    add(line, size, " ", at_most(&left, g->lost_ns), "lost in a full ring,");
    add(line, size, " ", at_most(&left, g->untaken_ns),
        "that cprof had no time to read,");
    add(line, size, " ", at_most(&left, g->missed_ns),
        "of threads that did not stop in time,");
    add(line, size, " ", at_most(&left, g->unarmed_ns),
        "on CPUs that were not sampled yet,");
    add(line, size, " ", at_most(&left, g->new_ns),
        "of threads before they were noticed,");
    add(line, size, " ", at_most(&left, g->ended_ns), "of threads that ended,");
    add(line, size, " ", at_most(&left, g->unweighted_ns),
        "of threads with too few samples to stand for it,");
    add(line, size, " ", left, rest_of(g, left));
    line[strlen(line) - 1] = '\0';
    add_kinds(g, line, size);
    return true;
}

static uint64_t size_of(int64_t gap)
{
    return gap < 0 ? -(uint64_t)gap : (uint64_t)gap;
}

/* Kinds of thread whose samples stand for more or less than the kernel charged
 * to them, although the sum is right. */
static bool explain_kinds(const struct unseen_gap *g, char *line, size_t size)
{
    uint64_t least = g->used_ns / 50 + chance(g->samples, g->period_ns);
    uint64_t most = 0;
    snprintf(line, size, "the kernel charged");
    for (int k = 0; k < KINDS; k++) {
        uint64_t ns = size_of(g->kinds[k]);
        if (ns <= least)
            continue;
        add(line, size, most ? ", " : " ", ns,
            g->kinds[k] > 0 ? "more to " : "less to ");
        add_text(line, size, thread_kind_name((enum thread_kind)k));
        most = ns > most ? ns : most;
    }
    add_text(line, size,
             " threads than was sampled: it divides the time of context "
             "switches between threads at another moment than a timer does");
    return most && may_be_switches(g, most);
}

bool unseen_explain(const struct unseen_gap *g, char *line, size_t size)
{
    return explain_missing(g, line, size) || explain_kinds(g, line, size);
}

/* The CPU time that a sample stood for on average. It is not simply 1 / rate,
 * because an engine may sample only a part of the time. */
static uint64_t period_of(const struct profile *p, uint64_t seen_ns,
                          uint64_t samples)
{
    uint32_t rate = profile_meta(p)->rate_asked;
    return samples ? seen_ns / samples : NS_PER_S / (rate ? rate : 1);
}

static struct unseen_gap gap_of(const struct unseen *u, const struct profile *p,
                                const struct unseen_reasons *why)
{
    const struct engine_counters *c = why->engine;
    uint64_t known = 0;
    struct unseen_gap g = {.used_ns = u->used_ns,
                           .samples = u->samples,
                           .paused = why->paused_ns > 0,
                           .throttled = c->throttled > 0,
                           .unarmed_ns = why->info->unarmed_ns,
                           .per_cpu = why->info->cpus > 0,
                           .switches = u->ended_runs};
    for (int k = 0; k < KINDS; k++) {
        g.seen_ns += u->seen_ns[k];
        g.kinds[k] = (int64_t)u->ended_kind_ns[k] - (int64_t)u->seen_ns[k];
        known += u->ended_kind_ns[k];
    }
    for (size_t i = 0; i < u->count; i++) {
        uint64_t ns = u->list[i].last_ns - u->list[i].from_ns;
        g.kinds[u->list[i].kind] += (int64_t)ns;
        g.switches += u->list[i].last_runs - u->list[i].from_runs;
        known += ns;
    }
    g.period_ns = period_of(p, g.seen_ns, g.samples);
    g.lost_ns = c->lost_ns ? c->lost_ns : c->lost * g.period_ns;
    g.missed_ns = c->missed * g.period_ns;
    g.untaken_ns = why->untaken * g.period_ns;
    /* An event on a CPU sees threads from their first moment to their last, so
     * this is only for events on threads. What the known threads used was
     * measured; threads that ended used the rest. */
    if (why->info->cpus == 0) {
        g.new_ns = u->new_ns;
        g.ended_ns = minus_capped(u->used_ns, known);
        g.unweighted_ns = why->info->unweighted_ns;
    }
    return g;
}

/* Is the kernel's CPU time sampled, too? */
static bool is_all_sampled(const struct profile *p)
{
    const struct profile_meta *m = profile_meta(p);
    return m->kernel_included &&
           strcmp(profile_text(p, m->event),
                  engine_event_names[ENGINE_CPU_CLOCK]) == 0;
}

int unseen_note(const struct unseen *u, struct profile *p,
                const struct unseen_reasons *why)
{
    char line[512];
    struct unseen_gap g = gap_of(u, p, why);
    struct profile_meta *m = profile_meta_edit(p);
    m->used_ns = g.used_ns;
    m->seen_ns = g.seen_ns;
    profile_counters_edit(p)->in_kernel = u->kernel;
    if (!is_all_sampled(p) || !unseen_explain(&g, line, sizeof(line)))
        return 0;
    if (g.used_ns > g.seen_ns)
        profile_counters_edit(p)->unseen_ms =
            (g.used_ns - g.seen_ns) / NS_PER_MS;
    return profile_note(p, line);
}
