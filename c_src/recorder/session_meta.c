#include "recorder/session_meta.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/clock.h"
#include "engine/rights.h"
#include "recorder/probe_notes.h"
#include "recorder/timeline.h"

/* "13.1.5" from ".../erts-13.1.5/bin/beam.smp"; "" if it is not in the path. */
static void erts_version(const char *exe, char *text, size_t size)
{
    const char *at = strstr(exe, "/erts-");
    at = at ? at + strlen("/erts-") : "";
    snprintf(text, size, "%.*s", (int)strcspn(at, "/"), at);
}

int session_meta_text(struct profile *p, uint32_t *field, const char *text)
{
    int64_t id = profile_string(p, text);
    if (id < 0)
        return (int)id;
    *field = (uint32_t)id;
    return 0;
}

static uint32_t normal_schedulers(const struct threads *threads)
{
    uint32_t n = 0;
    for (size_t i = 0; i < threads->count; i++)
        n += threads->list[i].kind == THREAD_NORMAL;
    return n;
}

static int set_texts(struct profile *p, const struct target_state *t)
{
    struct profile_meta *m = profile_meta_edit(p);
    struct utsname u;
    uname(&u);
    char os[256], otp[16] = "", erts[32];
    snprintf(os, sizeof(os), "%s %.60s %.60s", u.sysname, u.release, u.machine);
    if (t->layout.release)
        snprintf(otp, sizeof(otp), "%d", t->layout.release);
    erts_version(t->process.exe, erts, sizeof(erts));
    int err = session_meta_text(p, &m->host, u.nodename);
    err = err ? err : session_meta_text(p, &m->os, os);
    err = err ? err : session_meta_text(p, &m->node, t->process.node);
    err = err ? err : session_meta_text(p, &m->otp, otp);
    err = err ? err : session_meta_text(p, &m->erts, erts);
    return err ? err : session_meta_text(p, &m->version, CPROF_VERSION);
}

int session_meta_node(struct profile *p, const struct target_state *t,
                      bool no_command)
{
    struct profile_meta *m = profile_meta_edit(p);
    m->pid = (uint32_t)t->process.pid;
    m->jit = true;
    m->schedulers = normal_schedulers(&t->threads);
    int err = set_texts(p, t);
    if (!err && !no_command)
        err = session_meta_text(p, &m->command, t->process.command);
    if (!err && !no_command)
        err = session_meta_text(p, &m->runs, t->process.runs);
    return err;
}

static const char *event_of(const struct session_options *o, enum event event)
{
    if (event != EVENT_CPU)
        return event_name(event);
    return o->clock ? o->clock : engine_event_names[ENGINE_CPU_CLOCK];
}

static int begin(struct profile *p, const struct target_state *t,
                 const struct session_options *o)
{
    struct profile_meta *m = profile_meta_edit(p);
    enum event event = profile_event(p);
    m->rate_asked = o->rates[event];
    if (o->timeline)
        m->bucket_ns = timeline_bucket_ns(o->duration_ns);
    int err = session_meta_node(p, t, o->no_command);
    return err ? err : session_meta_text(p, &m->event, event_of(o, event));
}

int session_meta_begin(struct profile *p, const struct target_state *t,
                       const struct session_options *o)
{
    int err = 0;
    for (; p && !err; p = profile_next_edit(p))
        err = begin(p, t, o);
    return err;
}

void session_meta_started(struct profile *p)
{
    uint64_t now_ns = clock_ns_of(CLOCK_REALTIME);
    for (; p; p = profile_next_edit(p))
        profile_meta_edit(p)->started_unix_ns = now_ns;
}

int session_meta_engine(struct profile *p, const struct engine_choice *choice)
{
    if (!choice->better)
        return 0;
    char line[512];
    snprintf(line, sizeof(line), "engine %s, because %s does not work here: %s",
             choice->ops->name, choice->better->name, err_text(choice->why));
    return profile_note(p, line);
}

/* How long an engine that stops threads held the threads of the node. */
static int note_holds(struct profile *p, const struct engine_info *info)
{
    char line[320];
    if (info->hold_max_ns == 0)
        return 0;
    snprintf(
        line, sizeof(line),
        "each sample stopped a thread of the node: for at most %.0f us in half "
        "of the samples, %.0f us in 99 %% and %.0f us in all (from the request "
        "to stop until the thread could continue); the kernel would have "
        "ended any stop after %.0f ms, even without cprof",
        (double)info->hold_p50_ns / 1e3, (double)info->hold_p99_ns / 1e3,
        (double)info->hold_max_ns / 1e3, (double)info->hold_limit_ns / 1e6);
    return profile_note(p, line);
}

/* What events on threads cost the node, and how that was limited. */
static int note_cost(struct profile *p, const struct engine_cost *cost,
                     uint64_t duration_ns)
{
    char line[512], rate[32] = "";
    double seconds = (double)duration_ns / (double)NS_PER_S;
    if (cost->sampled_rate != profile_meta(p)->rate_asked)
        snprintf(rate, sizeof(rate), "at %u Hz ", cost->sampled_rate);
    if (cost->switches == 0 || seconds <= 0)
        return 0;
    int n = snprintf(line, sizeof(line),
                     "recording cost the node %.1f %% of its CPU time: its "
                     "threads were switched onto a CPU %.0f times per second, "
                     "and the events of engine perf add %.1f us to each switch "
                     "(measured on this machine)",
                     100 * cost->share, (double)cost->switches / seconds,
                     cost->switch_ns / 1e3);
    if (cost->sampled_share < 1)
        n += snprintf(line + n, sizeof(line) - (size_t)n,
                      "; to keep the cost %s %.0f %%, samples were taken %sin "
                      "%.0f %% of the time",
                      cost->share <= cost->bound ? "below" : "near",
                      100 * cost->bound, rate, 100 * cost->sampled_share);
    if (cost->lowered)
        n += snprintf(line + n, sizeof(line) - (size_t)n,
                      " at the end, and earlier samples count less");
    if (cost->paused_share > cost->bound / 2)
        snprintf(line + n, sizeof(line) - (size_t)n,
                 "; paused events also cost something");
    return profile_note(p, line);
}

/* For a rate of 1000, all waits from 1 ms on are taken. */
static int note_raised(struct profile *p, const struct engine_info *info)
{
    const struct profile_meta *m = profile_meta(p);
    char line[200];
    if (!m->rate_asked || info->all_from_ns <= NS_PER_S / m->rate_asked)
        return 0;
    snprintf(line, sizeof(line),
             "there was so much blocked time that of the waits below %.1f ms "
             "only some were taken, in proportion to their length",
             (double)info->all_from_ns / 1e6);
    return profile_note(p, line);
}

static int note_unread(struct profile *p, const struct engine_info *info)
{
    return info->last_unread
               ? profile_note(p, "waits that had not ended when the recording "
                                 "did are missing: there was no memory to read "
                                 "them")
               : 0;
}

/* A limit that is not below our rate cannot be the cause, since the kernel even
 * rounds it up to whole samples per tick of its own. */
static int note_throttled(struct profile *p, uint64_t times,
                          const struct engine_cost *cost)
{
    char line[400];
    struct rights_pace pace = rights_pace();
    unsigned rate = profile_meta(p)->rate_asked;
    if (cost->sampled_rate)
        rate = cost->sampled_rate;
    if (times == 0 || pace.per_s < 0 || pace.share < 0 ||
        (unsigned)pace.per_s >= rate)
        return 0;
    snprintf(line, sizeof(line),
             "the kernel held samples back %llu times, because "
             "kernel.perf_event_max_sample_rate is %d; the kernel lowers this "
             "limit itself when samples take more than %d %% of a CPU "
             "(kernel.perf_cpu_time_max_percent). Raise the limit with sysctl, "
             "or use a lower --rate",
             (unsigned long long)times, pace.per_s, pace.share);
    return profile_note(p, line);
}

static int note_gaps(struct profile *p, const struct target_state *t,
                     const struct engine_info *info, bool gone)
{
    char line[512], missing[200];
    int err = 0;
    if (gone)
        err = profile_note(p, "the node ended during the recording");
    if (!err && !info->kernel_included && !profile_is_wall(p))
        err = profile_note(p, "CPU time in the kernel is not included; run as "
                              "root to see it");
    if (!err && info->threads_skipped) {
        snprintf(line, sizeof(line),
                 "%zu threads were not sampled (schedulers come first): %s",
                 info->threads_skipped,
                 info->skipped_why ? err_text(info->skipped_why)
                                   : "raise `ulimit -n` and `ulimit -l`");
        err = profile_note(p, line);
    }
    if (!err && info->cpus_skipped) {
        snprintf(line, sizeof(line),
                 "%zu of the %zu CPUs that the node may run on could not be "
                 "sampled: %s",
                 info->cpus_skipped, info->cpus + info->cpus_skipped,
                 info->skipped_why == -EMFILE ? "raise `ulimit -n`"
                                              : err_text(info->skipped_why));
        err = profile_note(p, line);
    }
    layout_missing(&t->layout, missing, sizeof(missing));
    if (!err && missing[0]) {
        snprintf(line, sizeof(line),
                 "not recognised in this VM: %s; Erlang processes or stacks "
                 "below C code may be missing",
                 missing);
        err = profile_note(p, line);
    }
    return err;
}

/* What in the node exceeded a limit of ours. */
static int note_limits(struct profile *p, const struct target_state *t)
{
    uint64_t doubtful =
        t->doubtful[profile_event(p) == EVENT_WALL ? TARGET_PROCESSES
                                                   : TARGET_THREADS];
    char line[320];
    int err = 0;
    if (t->threads.left_out) {
        snprintf(line, sizeof(line),
                 "the node has %zu threads more than the %d that cprof looks "
                 "at; those were not sampled",
                 t->threads.left_out, THREADS_MAX);
        err = profile_note(p, line);
    }
    if (!err && jit_counters(t->jit).refused)
        err = profile_note(p, "the node loaded more code than cprof keeps "
                              "(200,000 modules at once, 768 MB in all): code "
                              "loaded after that is [unknown]");
    if (!err && doubtful) {
        snprintf(line, sizeof(line),
                 "code was replaced faster than the code list could be read "
                 "again: %llu samples were taken in between, and some of them "
                 "may have the names of code that was already gone, or be "
                 "[unknown]",
                 (unsigned long long)doubtful);
        err = profile_note(p, line);
    }
    return err;
}

int session_meta_untaken(struct profile *p, uint64_t count)
{
    struct profile_counters *c = profile_counters_edit(p);
    char line[200];
    if (count == 0)
        return 0;
    c->samples -= count < c->samples ? count : c->samples;
    c->lost += count;
    snprintf(line, sizeof(line),
             "%llu of the lost samples were ready, but cprof had no time to "
             "read them: this machine gave it too little CPU time",
             (unsigned long long)count);
    return profile_note(p, line);
}

void session_meta_count(struct profile_counters *c,
                        const struct engine_counters *e)
{
    c->samples = e->samples;
    c->lost = e->lost;
    c->late = e->late;
    c->missed = e->missed;
    c->effective = e->effective;
    c->throttled = e->throttled;
    c->bytes = e->bytes;
    c->ticks = e->ticks;
    c->partial = e->partial;
    c->changed = e->changed;
    c->unreadable = e->unreadable;
    c->ended = e->ended;
}

int session_meta_end(struct profile *p, const struct target_state *t,
                     const struct engine_ops *ops, const struct engine *engine,
                     uint64_t duration_ns, bool gone)
{
    struct profile_meta *m = profile_meta_edit(p);
    struct engine_counters e = ops->counters(engine);
    struct engine_info info = ops->info(engine);
    m->duration_ns = duration_ns;
    m->kernel_included = info.kernel_included;
    m->all_from_ns = info.all_from_ns;
    session_meta_count(profile_counters_edit(p), &e);
    int err = session_meta_text(p, &m->engine, ops->name);
    err = err ? err : note_holds(p, &info);
    err = err ? err : note_cost(p, &info.cost, duration_ns);
    err = err ? err : note_raised(p, &info);
    err = err ? err : note_unread(p, &info);
    err = err ? err : probe_notes_add(p, &info.probe);
    err = err ? err : note_throttled(p, e.throttled, &info.cost);
    err = err ? err : note_gaps(p, t, &info, gone);
    return err ? err : note_limits(p, t);
}
