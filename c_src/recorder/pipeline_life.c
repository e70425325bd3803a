/* A pipeline's parts, from its beginning to its end. Those that know ids of the
 * profile are made anew with each profile. */
#include <errno.h>
#include <stdlib.h>

#include "recorder/pipeline_parts.h"

/* The profile of the event, or the first one if it is not recorded. */
static struct profile *profile_of(struct profile *first, enum event event)
{
    struct profile *p = first;
    while (p && profile_event(p) != event)
        p = profile_next_edit(p);
    return p ? p : first;
}

/* Everything that knows ids of the profile. */
static int open_parts(struct pipeline *p)
{
    for (int i = 0; i < EVENT_COUNT; i++)
        p->of_event[i] = profile_of(p->profile, (enum event)i);
    int err = frames_open(p->symbols, p->profile, &p->frames);
    if (!err)
        err = census_open(p->target, p->profile, &p->census);
    if (!err)
        err = port_tasks_open(p->target, p->census, p->profile, &p->ports);
    if (!err)
        err = waiting_open(p->target, p->frames, p->census,
                           p->of_event[EVENT_WALL], &p->waiting);
    if (!err)
        err = carried_open(p->of_event[EVENT_ALLOC], &p->carried);
    p->naming = (struct naming){p->frames, p->ports, p->profile};
    return err;
}

static void close_parts(struct pipeline *p)
{
    carried_close(p->carried);
    waiting_close(p->waiting);
    port_tasks_close(p->ports);
    census_close(p->census);
    frames_close(p->frames);
    p->carried = NULL;
    p->waiting = NULL;
    p->ports = NULL;
    p->census = NULL;
    p->frames = NULL;
}

int pipeline_open(struct target_state *target, struct unwinder *unwinder,
                  struct symbols *symbols, struct profile *profile,
                  struct pipeline **out)
{
    struct pipeline *p = calloc(1, sizeof(*p));
    if (!p)
        return -ENOMEM;
    p->target = target;
    p->unwinder = unwinder;
    p->symbols = symbols;
    p->profile = profile;
    int err = heap_growth_open(&p->growth);
    if (!err)
        err = open_parts(p);
    if (err) {
        pipeline_close(p);
        return err;
    }
    *out = p;
    return 0;
}

void pipeline_begin(struct pipeline *p, uint64_t started_ns, bool timeline)
{
    if (timeline)
        timeline_begin(&p->timeline, p->profile, started_ns);
    if (p->spans)
        span_join_begin(p->spans, started_ns);
}

int pipeline_leave_out(struct pipeline *p, const char *const *pids,
                       size_t count)
{
    return waiting_leave_out(p->waiting, pids, count);
}

uint64_t pipeline_left_out(const struct pipeline *p)
{
    return p->left_out;
}

void pipeline_put_in(struct pipeline *p, uint32_t bucket)
{
    p->timeline = (struct timeline){.bucket = bucket};
    census_all_alone(p->census);
}

int pipeline_renew(struct pipeline *p, struct profile *profile)
{
    int err = p->spans ? span_join_renew(p->spans, profile) : 0;
    close_parts(p);
    p->profile = profile;
    return err ? err : open_parts(p);
}

void pipeline_close(struct pipeline *p)
{
    if (!p)
        return;
    span_join_close(p->spans);
    heap_growth_close(p->growth);
    close_parts(p);
    free(p);
}
