#include "recorder/sources.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/minus.h"
#include "recorder/limits.h"
#include "recorder/readers.h"
#include "recorder/session_meta.h"

/* The share of the node's CPU time that events on its threads may cost. */
#define MAX_COST 0.05

/* --- the profiles --------------------------------------------------------- */

static int add_source(struct sources *s, enum event event,
                      struct profile **first)
{
    size_t n;
    const struct value_texts *types = event_values(event, &n);
    struct source *new = &s->list[s->count];
    *new = (struct source){.event = event};
    int err = 0;
    if (s->count > 0) {
        err = profile_add_event(*first, types, n, &new->profile);
    } else {
        err = profile_create(first);
        err = err ? err : profile_set_values(*first, types, n);
        new->profile = *first;
    }
    s->count++;
    return err;
}

int sources_begin(struct sources *s, unsigned events, struct profile **out)
{
    struct profile *first = NULL;
    int err = events ? 0 : -EINVAL;
    *s = (struct sources){.count = 0};
    for (int i = 0; i < EVENT_COUNT && !err; i++)
        if (events & EVENT_SET(i))
            err = add_source(s, (enum event)i, &first);
    if (err)
        profile_destroy(first);
    else
        *out = first;
    return err;
}

/* --- the engines ---------------------------------------------------------- */

static enum engine_event clock_of(const struct session_options *o)
{
    enum engine_event event = ENGINE_CPU_CLOCK;
    for (int i = 0; o->clock && engine_event_names[i]; i++)
        if (strcmp(o->clock, engine_event_names[i]) == 0)
            event = (enum engine_event)i;
    return event;
}

unsigned sources_max_rate(enum event event)
{
    return event == EVENT_WALL ? ENGINE_WALL_MAX_RATE : ENGINE_MAX_RATE;
}

unsigned sources_usual_rate(enum event event)
{
    static const unsigned rates[EVENT_COUNT] = {
        [EVENT_CPU] = SOURCES_CPU_RATE,
        [EVENT_WALL] = SOURCES_WALL_RATE,
        [EVENT_ALLOC] = SOURCES_ALLOC_RATE,
        [EVENT_BLOCK] = SOURCES_BLOCK_RATE,
    };
    return rates[event];
}

/* Several engines can sample CPU time. For each other event there is one. */
static const struct engine_ops *const only_engine[EVENT_COUNT] = {
    [EVENT_WALL] = &engine_wall,
    [EVENT_ALLOC] = &engine_alloc,
    [EVENT_BLOCK] = &engine_block,
};

static enum engine_event engine_event_of(const struct source *source,
                                         const struct session_options *o)
{
    return source->event == EVENT_WALL ? ENGINE_WALL : clock_of(o);
}

/* What the node must have for an event, beside threads. */
static int prepare(struct sources *s, const struct source *source,
                   const struct sources_setup *setup,
                   struct collector *collector)
{
    if (source->event == EVENT_WALL)
        return target_state_processes(setup->target, &s->processes);
    if (source->event == EVENT_ALLOC)
        return target_state_collector(setup->target, collector);
    return 0;
}

static int open_one(struct sources *s, struct source *source,
                    const struct sources_setup *setup,
                    const struct collector *collector,
                    struct engine_choice *choice)
{
    const struct session_options *o = setup->options;
    const struct engine_ops *only = only_engine[source->event];
    const struct engine_config config = {
        .pid = o->pid,
        .view = setup->view,
        .collector = collector,
        .processes = s->processes,
        .rate = o->rates[source->event],
        .event = engine_event_of(source, o),
        .kernel_stacks = o->kernel,
        .force = o->force,
        .max_cost = source->event == EVENT_ALLOC ? o->alloc_cost : MAX_COST,
        .meanwhile = setup->meanwhile,
        .meanwhile_ctx = setup->meanwhile_ctx,
    };
    if (only) {
        choice->ops = only;
        return only->open(&config, &source->engine);
    }
    return engine_open(o->engine ? o->engine : ENGINE_AUTO, &config, choice,
                       &source->engine);
}

static int open_source(struct sources *s, struct source *source,
                       const struct sources_setup *setup)
{
    struct engine_choice choice = {.ops = NULL};
    struct collector collector = {.entry = 0};
    struct limits_spare spare;
    int err = prepare(s, source, setup, &collector);
    err = err ? err : limits_keep(&spare);
    if (!err) {
        err = open_one(s, source, setup, &collector, &choice);
        limits_release(&spare);
    }
    source->ops = choice.ops;
    return err ? err : session_meta_engine(source->profile, &choice);
}

/* A view of a node samples nothing but CPU time, and is worth opening even if
 * that is not possible. */
static bool can_do_without(const struct session_options *o, int err)
{
    return o->live && !o->engine && err != -ENOMEM && err != -E_GONE;
}

int sources_open(struct sources *s, const struct sources_setup *setup)
{
    int err = 0;
    for (size_t i = 0; i < s->count && !err; i++)
        err = open_source(s, &s->list[i], setup);
    if (err && !s->list[0].engine && can_do_without(setup->options, err)) {
        s->no_cpu = readers_explain(err, setup->options->pid);
        s->count = 0;
        err = 0;
    }
    return err;
}

int sources_start(struct sources *s)
{
    int err = 0;
    for (size_t i = 0; i < s->count && !err; i++)
        err = s->list[i].ops->start(s->list[i].engine);
    return err;
}

void sources_stop(struct sources *s)
{
    for (size_t i = 0; i < s->count; i++)
        s->list[i].ops->stop(s->list[i].engine);
}

void sources_close(struct sources *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->list[i].engine)
            s->list[i].ops->close(s->list[i].engine);
    proctable_close(s->processes);
    *s = (struct sources){.count = 0};
}

int sources_follow(struct sources *s, const struct engine_view *view)
{
    int err = 0;
    for (size_t i = 0; i < s->count && !err; i++)
        err = s->list[i].ops->follow(s->list[i].engine, view);
    return err;
}

void sources_count(const struct sources *s, struct session_progress *add_to)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct source *source = &s->list[i];
        struct engine_counters c = source->ops->counters(source->engine);
        add_to->samples += c.samples - source->untaken;
        add_to->lost += c.lost + source->untaken;
    }
}

struct source *sources_of(struct sources *s, enum event event)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->list[i].event == event)
            return &s->list[i];
    return NULL;
}

const char *sources_engine(const struct sources *s)
{
    return s->count ? s->list[0].ops->name : NULL;
}

bool sources_are_soon(const struct sources *s)
{
    bool soon = false;
    for (size_t i = 0; i < s->count; i++)
        soon |= s->list[i].ops->soon;
    return soon;
}

/* --- when ----------------------------------------------------------------- */

int sources_wait_ms(const struct sources *s, int timeout_ms)
{
    uint64_t now = clock_now_ns();
    uint64_t end = now + (uint64_t)timeout_ms * NS_PER_MS;
    for (size_t i = 0; i < s->count; i++) {
        const struct source *source = &s->list[i];
        uint64_t due =
            source->ops->due_ns ? source->ops->due_ns(source->engine) : end;
        end = due < end ? due : end;
    }
    return (int)(minus_capped(end, now) / NS_PER_MS);
}

void sources_rest(const struct sources *s, int ms)
{
    if (s->count == 0)
        poll(NULL, 0, ms);
}

bool sources_is_due(const struct source *s)
{
    return !s->ops->due_ns ||
           s->ops->due_ns(s->engine) <= clock_now_ns() + NS_PER_MS;
}
