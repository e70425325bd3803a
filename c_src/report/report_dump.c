#include "report/report.h"

#include "report/report_keys.h"

static void text(struct sink *s, const char *key, const struct profile *p,
                 uint32_t string)
{
    sink_text(s, key, profile_text(p, string));
}

void report_dump_meta(const struct dump *d, struct sink *s)
{
    const struct profile_meta *m = profile_meta(d->profile);
    sink_object(s, KEY_META);
    text(s, profile_meta_keys.version, d->profile, m->version);
    text(s, profile_meta_keys.host, d->profile, m->host);
    text(s, profile_meta_keys.node, d->profile, m->node);
    text(s, profile_meta_keys.runs, d->profile, m->runs);
    sink_natural(s, profile_meta_keys.pid, m->pid);
    text(s, profile_meta_keys.otp, d->profile, m->otp);
    text(s, profile_meta_keys.erts, d->profile, m->erts);
    sink_natural(s, profile_meta_keys.schedulers, m->schedulers);
    sink_natural(s, profile_meta_keys.started_unix_ns, m->started_unix_ns);
    sink_natural(s, profile_meta_keys.duration_ns, m->duration_ns);
    sink_boolean(s, "stopped", d->stopped);
    sink_lines(s, profile_meta_keys.notes, profile_text(d->profile, m->notes));
    sink_end(s);
}

/* --- threads -------------------------------------------------------------- */

static void member(const struct profile *p, const struct dump_member *m,
                   struct sink *s)
{
    const struct profile_process *of = profile_process_at(p, m->process);
    text(s, profile_meta_keys.pid, p, m->pid);
    text(s, KEY_NAME, p, of->name);
    report_kin(p, of->initial_call, of->label, s);
    text(s, KEY_APPLICATION, p, of->application);
    text(s, KEY_CHILD_ID, p, of->child);
}

static void frames(const struct profile *p, uint32_t stack, struct sink *s)
{
    if (stack == PROFILE_NONE) {
        sink_null(s, KEY_FRAMES);
        return;
    }
    sink_list(s, KEY_FRAMES);
    for (uint32_t at = stack; at != PROFILE_NONE;
         at = profile_stack_at(p, at)->parent) {
        const struct profile_frame *f =
            profile_frame_at(p, profile_stack_at(p, at)->frame);
        sink_object(s, NULL);
        report_function(p, f->function, f->line, s);
        sink_end(s);
    }
    sink_end(s);
}

static void why(struct sink *s, const char *key, int err)
{
    if (err)
        sink_word(s, key, err_text(err));
    else
        sink_null(s, key);
}

static void age(struct sink *s, const char *key, bool known, uint64_t ns)
{
    if (known)
        sink_natural(s, key, ns);
    else
        sink_null(s, key);
}

static void thread(const struct profile *p, const struct dump_thread *t,
                   struct sink *s)
{
    sink_object(s, NULL);
    sink_word(s, KEY_KIND, t->kind);
    sink_natural(s, "number", t->number);
    sink_word(s, "seen", dump_seen_name(t->seen));
    if (t->seen == DUMP_UNSEEN)
        sink_null(s, KEY_STATE);
    else
        sink_word(s, KEY_STATE, state_name(t->state));
    age(s, "age_ns", t->seen != DUMP_UNSEEN, t->age_ns);
    age(s, "still_ns", t->still_ns > 0, t->still_ns);
    sink_boolean(s, "verified", !t->unverified);
    if (t->has_process) {
        sink_object(s, KEY_PROCESS);
        member(p, &t->process, s);
        sink_end(s);
    } else {
        sink_null(s, KEY_PROCESS);
    }
    frames(p, t->stack, s);
    sink_end(s);
}

static void threads(const struct dump *d, struct sink *s)
{
    const struct dump_threads *t = &d->threads;
    sink_object(s, "threads");
    text(s, profile_meta_keys.engine, d->profile,
         profile_meta(d->profile)->engine);
    why(s, "engine_why", t->engine_why);
    why(s, "asleep_why", t->asleep_why);
    sink_natural(s, "watched_ns", t->watched_ns);
    sink_natural(s, "not_shown", t->others);
    sink_list(s, "shown");
    for (size_t i = 0; i < t->count; i++)
        thread(d->profile, &t->list[i], s);
    sink_end(s);
    sink_end(s);
}

/* --- groups --------------------------------------------------------------- */

static void counts(const struct dump *d, struct sink *s)
{
    sink_object(s, KEY_PROCESSES);
#define X(name, text) sink_natural(s, #name, d->counts.name);
    DUMP_COUNTS(X)
#undef X
    sink_end(s);
    sink_object(s, KEY_STATES);
    for (int i = 0; i < PROCSTATE_COUNT; i++)
        sink_natural(s, procstate_name((enum procstate)i),
                     dump_in_state(d, (enum procstate)i));
    sink_end(s);
}

static void members(const struct dump *d, const struct dump_group *g,
                    struct sink *s)
{
    sink_list(s, "members");
    for (unsigned i = 0; i < g->member_count; i++) {
        sink_object(s, NULL);
        member(d->profile, &g->members[i], s);
        sink_end(s);
    }
    sink_end(s);
}

static void group(const struct dump *d, const struct dump_group *g,
                  struct sink *s)
{
    sink_object(s, NULL);
    sink_word(s, KEY_STATE, procstate_name(g->state));
    sink_natural(s, KEY_PROCESSES, g->processes);
    members(d, g, s);
    frames(d->profile, g->stack, s);
    sink_end(s);
}

/* --- who is asked --------------------------------------------------------- */

static void sites(const struct profile *p, const struct dump_asked *a,
                  struct sink *s)
{
    sink_list(s, KEY_SITES);
    for (unsigned i = 0; i < a->site_count; i++) {
        sink_object(s, NULL);
        report_function(p, a->sites[i].function, 0, s);
        sink_natural(s, KEY_PROCESSES, a->sites[i].processes);
        sink_end(s);
    }
    sink_end(s);
}

static void asked(const struct dump *d, const struct dump_asked *a,
                  struct sink *s)
{
    const struct profile *p = d->profile;
    sink_object(s, NULL);
    member(p, &a->who, s);
    sink_natural(s, KEY_WAITING, a->waiting);
    sink_natural(s, "in_all", a->in_all);
    sites(p, a, s);
    if (a->asks == DUMP_NONE)
        sink_null(s, KEY_ASKS);
    else
        text(s, KEY_ASKS, p, d->asked[a->asks].who.pid);
    sink_boolean(s, KEY_CIRCLE, a->circle);
    if (a->seen)
        sink_word(s, KEY_STATE, procstate_name(a->state));
    else
        sink_null(s, KEY_STATE);
    frames(p, a->stack, s);
    sink_end(s);
}

void report_answers(const struct dump *d, struct sink *s)
{
    sink_object(s, "answers");
    sink_natural(s, KEY_PROCESSES, d->asking);
    sink_natural(s, "unknown", d->asking_unknown);
    sink_list(s, "asked");
    for (size_t i = 0; i < d->asked_count; i++)
        asked(d, &d->asked[i], s);
    sink_end(s);
    sink_end(s);
}

void report_walk_dump(const struct dump *d, struct sink *s)
{
    sink_object(s, NULL);
    sink_natural(s, KEY_VERSION, REPORT_VERSION);
    report_dump_meta(d, s);
    threads(d, s);
    counts(d, s);
    report_answers(d, s);
    sink_list(s, KEY_GROUPS);
    for (size_t i = 0; i < d->groups.count; i++)
        group(d, &d->groups.list[i], s);
    sink_end(s);
    sink_end(s);
}
