#include "recorder/live.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/largest.h"
#include "base/minus.h"
#include "profile/filter.h"
#include "recorder/live_cpu.h"
#include "recorder/live_table.h"
#include "recorder/live_threads.h"
#include "recorder/session.h"
#include "recorder/sources.h"

struct live {
    struct session *session;
    struct session_parts parts;
    struct live_table *table; /* NULL: `no_processes` says why */
    int no_processes;
    struct live_cpu cpu;
    uint64_t interval_ns, opened_ns, next_ns;
    unsigned spans;                /* intervals that figures are of */
    uint32_t bucket;               /* of the interval that is not over yet */
    uint64_t lost[LIVE_CPU_MARKS]; /* samples, at the end of each interval */
    size_t most_rows;
    size_t kept; /* rows of the profile when it was new */
    uint64_t watched;
    struct profile *held; /* the profile of `moment`, if it was renewed */
    struct moment moment;
};

/* --- opening -------------------------------------------------------------- */

static unsigned spans_of(uint64_t interval_ms)
{
    uint64_t spans = (LIVE_SPAN_MS + interval_ms - 1) / interval_ms;
    return (unsigned)(spans < LIVE_CPU_SPANS ? spans : LIVE_CPU_SPANS);
}

static int open_table(struct live *l)
{
    int err = live_table_open(l->parts.target, l->parts.pipeline,
                              l->spans * l->interval_ns, &l->table);
    l->no_processes = err;
    return err == -ENOMEM || err == -E_GONE ? err : 0;
}

static int mark_times(struct live *l)
{
    const struct target_state *t = l->parts.target;
    int err = live_cpu_mark(&l->cpu, t->process.pid, &t->threads);
    if (!err)
        live_cpu_mark_machine(&l->cpu);
    return err;
}

static int begin(struct live *l)
{
    profile_meta_edit(session_profile(l->session))->bucket_ns = l->interval_ns;
    pipeline_put_in(l->parts.pipeline, l->bucket);
    l->opened_ns = clock_now_ns();
    l->next_ns = l->opened_ns + l->interval_ns;
    return mark_times(l);
}

int live_open(const struct live_options *o, struct live **out)
{
    const struct session_options how = {.pid = o->pid,
                                        .events = EVENT_SET(EVENT_CPU),
                                        .rates = {[EVENT_CPU] = o->rate},
                                        .engine = o->engine,
                                        .live = true,
                                        .stop = o->stop};
    struct live *l = calloc(1, sizeof(*l));
    if (!l)
        return -ENOMEM;
    l->interval_ns = o->interval_ms * NS_PER_MS;
    l->spans = spans_of(o->interval_ms);
    l->most_rows = o->rows ? o->rows : LIVE_ROWS;
    int err = session_open(&how, &l->session);
    if (!err) {
        l->parts = session_parts(l->session);
        err = open_table(l);
    }
    if (!err)
        err = begin(l);
    if (err) {
        live_close(l);
        return err;
    }
    *out = l;
    return 0;
}

void live_close(struct live *l)
{
    if (!l)
        return;
    moment_deinit(&l->moment);
    profile_destroy(l->held);
    live_cpu_deinit(&l->cpu);
    live_table_close(l->table);
    session_close(l->session);
    free(l);
}

void live_watch(struct live *l, uint64_t term)
{
    l->watched = term;
}

/* --- intervals ------------------------------------------------------------ */

/* The first bucket of the span that figures are of. */
static uint32_t first_bucket(const struct live *l)
{
    return l->bucket - live_cpu_spans(&l->cpu, l->spans);
}

size_t live_rows(const struct live *l)
{
    const struct profile *p = session_profile(l->session);
    return profile_process_count(p) + profile_stack_count(p) +
           profile_sample_count(p) + profile_string_count(p);
}

/* Goes on with a copy of what is still shown. A moment that is still looked at
 * keeps its profile. */
static int renew(struct live *l)
{
    struct profile *former = session_profile(l->session), *fresh;
    const struct filter shown = {.from_ns = first_bucket(l) * l->interval_ns,
                                 .to_ns = (l->bucket + 1) * l->interval_ns};
    int err = filter_apply(former, &shown, &fresh);
    if (err)
        return err;
    err = session_renew(l->session, fresh);
    if (err) {
        profile_destroy(fresh);
        return err;
    }
    if (l->table)
        live_table_forget(l->table);
    if (l->held)
        profile_destroy(former);
    else
        l->held = former;
    l->kept = live_rows(l);
    return 0;
}

/* What it knows grows with every process and stack that is met. */
static int keep_small(struct live *l)
{
    return live_rows(l) > l->most_rows + 2 * l->kept ? renew(l) : 0;
}

static int end_interval(struct live *l)
{
    int err = mark_times(l);
    uint64_t now_ns = clock_now_ns();
    l->lost[(l->cpu.count - 1) % LIVE_CPU_MARKS] =
        session_progress(l->session).lost;
    l->bucket++;
    l->next_ns += l->interval_ns;
    if (l->next_ns <= now_ns)
        l->next_ns = now_ns + l->interval_ns;
    if (!err)
        err = keep_small(l);
    if (!err)
        pipeline_put_in(l->parts.pipeline, l->bucket);
    return err;
}

int live_run(struct live *l, unsigned ms)
{
    int err = session_run(l->session, ms);
    if (err)
        return err;
    if (clock_now_ns() < l->next_ns)
        return 0;
    err = end_interval(l);
    return err ? err : 1;
}

/* --- a moment ------------------------------------------------------------- */

/* The CPU time of each process in the span, by its pid (a string), since a
 * process may have several rows. */
static int sum_by_pid(const struct live *l, uint64_t **out)
{
    const struct profile *p = session_profile(l->session);
    uint32_t cpu = profile_find_value(p, VALUE_CPU);
    uint64_t *sums = calloc(profile_string_count(p) + 1, sizeof(*sums));
    if (!sums)
        return -ENOMEM;
    for (size_t i = 0; i < profile_sample_count(p); i++) {
        const struct profile_sample *row = profile_sample_at(p, i);
        if (row->process != PROFILE_NONE && row->bucket >= first_bucket(l) &&
            row->bucket < l->bucket)
            sums[profile_process_at(p, row->process)->pid] +=
                profile_value(p, i, cpu);
    }
    *out = sums;
    return 0;
}

enum { BUSIEST = 16 };

/* The pid terms of the watched process and of those that used the most CPU
 * time. Of the rows that a pid may have, the first takes its time. */
static size_t busiest(const struct live *l, uint64_t *by_pid,
                      uint64_t terms[BUSIEST + 1])
{
    const struct profile *p = session_profile(l->session);
    struct largest list;
    largest_init(&list, BUSIEST);
    for (uint32_t i = 0; i < profile_process_count(p); i++) {
        uint64_t *ns = &by_pid[profile_process_at(p, i)->pid];
        largest_add(&list, &(struct largest_row){.key = *ns, .id = i});
        *ns = 0;
    }
    largest_sort(&list);
    terms[0] = l->watched;
    for (uint32_t i = 0; i < list.count; i++)
        terms[i + 1] =
            pipeline_pid(l->parts.pipeline, (uint32_t)list.rows[i].id);
    return list.count + 1;
}

static int see_processes(struct live *l, struct moment *m)
{
    uint64_t terms[BUSIEST + 1], *by_pid;
    m->no_processes = l->no_processes;
    if (!l->table)
        return 0;
    int err = sum_by_pid(l, &by_pid);
    if (err)
        return err;
    size_t count = busiest(l, by_pid, terms);
    free(by_pid);
    err = live_table_read(l->table, terms, count);
    return err ? err : live_table_put(l->table, m);
}

/* After the processes were read, because the profile has grown then. */
static int share_cpu(const struct live *l, struct moment *m)
{
    uint64_t *by_pid, all = 0, listed = 0;
    int err = sum_by_pid(l, &by_pid);
    if (err)
        return err;
    for (size_t i = 0; i < profile_string_count(m->profile); i++)
        all += by_pid[i];
    for (size_t i = 0; i < m->process_count; i++) {
        struct moment_process *p = &m->processes[i];
        p->cpu_ns = by_pid[profile_process_at(m->profile, p->process)->pid];
        listed += p->cpu_ns;
    }
    m->others_ns = minus_capped(all, listed);
    free(by_pid);
    return 0;
}

static int see_window(const struct live *l, struct moment *m)
{
    const struct filter span = {.from_ns = first_bucket(l) * l->interval_ns,
                                .to_ns = l->bucket * l->interval_ns};
    if (m->no_cpu || !m->span_ns)
        return 0;
    int err = filter_apply(m->profile, &span, &m->window);
    return err ? err : summary_compute(m->window, &m->summary);
}

static void see_machine(struct live *l, struct moment *m)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned spans = live_cpu_spans(&l->cpu, l->spans);
    m->engine = sources_engine(l->parts.sources);
    m->no_cpu = l->parts.sources->no_cpu;
    m->elapsed_ns = clock_now_ns() - l->opened_ns;
    m->span_ns = live_cpu_span_ns(&l->cpu, spans);
    m->cpu_count = cpus > 0 ? (unsigned)cpus : 0;
    m->node_cpus = live_cpu_of_node(&l->cpu, spans);
    m->all_cpus = live_cpu_of_machine(&l->cpu, spans, m->cpu_count);
    m->stopped = process_is_stopped(&l->parts.target->process);
    m->lost = l->lost[(l->cpu.count - 1) % LIVE_CPU_MARKS] -
              l->lost[(l->cpu.count - 1 - spans) % LIVE_CPU_MARKS];
}

static int see_all(struct live *l, struct moment *m)
{
    see_machine(l, m);
    int err = see_processes(l, m);
    m->profile = session_profile(l->session);
    if (!err)
        err = process_names_compute(m->profile, &m->names);
    if (!err)
        err = moment_count_waiting(m);
    if (!err)
        err = share_cpu(l, m);
    if (!err)
        err = see_window(l, m);
    return err ? err : live_threads_see(&l->cpu, l->spans, m);
}

int live_look(struct live *l, const struct moment **out)
{
    moment_deinit(&l->moment);
    profile_destroy(l->held);
    l->held = NULL;
    int err = see_all(l, &l->moment);
    if (err)
        return process_alive(&l->parts.target->process) ? err : -E_GONE;
    *out = &l->moment;
    return 0;
}
