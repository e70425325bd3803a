#include "cli/watch_pending.h"

#include "base/clock.h"
#include "base/minus.h"

void watch_pending_begin(struct watch_pending *p,
                         const struct watch_place *place, pid_t node,
                         const char *word)
{
    const struct options_watch *o = &place->options->watch;
    p->on = true;
    p->fired_ns = clock_now_ns();
    p->fired_unix_ns = clock_ns_of(CLOCK_REALTIME);
    p->end_ns = p->fired_ns + (uint64_t)(o->after_s * (double)NS_PER_S);
    output_series_stem(&place->series.series, p->fired_unix_ns, word, p->stem);
    watch_snapshot_start(&p->snapshot, node);
}

bool watch_pending_is_due(struct watch_pending *p)
{
    bool ended = watch_snapshot_poll(&p->snapshot);
    uint64_t now_ns = clock_now_ns();
    return now_ns >= p->end_ns &&
           (ended || now_ns >= p->end_ns + WATCH_SNAPSHOT_S * NS_PER_S);
}

/* Of what was recorded, since the condition held. */
static void say_span(const struct watch_pending *p, const struct profile *of,
                     struct watch_event *e)
{
    const struct profile_meta *m = profile_meta(of);
    double second = (double)NS_PER_S;
    e->samples = profile_counters(of)->samples;
    e->before_s =
        ((double)p->fired_unix_ns - (double)m->started_unix_ns) / second;
    e->after_s = (double)m->duration_ns / second - e->before_s;
}

static int report(const struct watch_pending *p,
                  const struct watch_place *place, const struct profile *of,
                  int err, const struct watch_written *written)
{
    const char *paths[WATCH_FILES];
    char why[WATCH_SNAPSHOT_WHY];
    struct watch_event e = watch_event_now(err ? WATCH_FAILED : WATCH_WROTE);
    for (size_t i = 0; i < written->count; i++)
        paths[i] = written->paths[i];
    e.recording = p->stem;
    e.files = paths;
    e.file_count = written->count;
    if (err == -E_LIMIT)
        e.why = "it is larger than the budget of --keep";
    else if (err)
        e.why = err_text(err);
    else
        say_span(p, of, &e);
    if (!err)
        e.why = watch_snapshot_why(&p->snapshot, why);
    return watch_say(place->say, &e);
}

int watch_pending_write(struct watch_pending *p,
                        const struct watch_place *place, struct flight *flight)
{
    const struct options *o = place->options;
    uint64_t before_ns = (uint64_t)(o->watch.before_s * (double)NS_PER_S);
    struct profile *of = NULL;
    struct watch_written written = {.count = 0};
    int err = flight_cut(flight, minus_capped(p->fired_ns, before_ns),
                         p->end_ns, &of);
    if (!err)
        err = watch_files_write(&place->series, place->say, o, p->stem, of,
                                &p->snapshot, &written);
    err = report(p, place, of, err, &written);
    profile_destroy(of);
    watch_snapshot_stop(&p->snapshot);
    p->on = false;
    return err ? err : written.unheard;
}
