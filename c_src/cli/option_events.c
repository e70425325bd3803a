#include "cli/option_events.h"

#include <string.h>

#include "cli/option_table.h"
#include "engine/engine.h"
#include "recorder/sources.h"

enum event option_events_first(unsigned events)
{
    enum event first = 0;
    while (first < EVENT_COUNT - 1 && !(events & EVENT_SET(first)))
        first++;
    return first;
}

unsigned option_events_rate(const struct options *o, enum event event)
{
    return o->rate && event == option_events_first(o->events)
               ? o->rate
               : sources_usual_rate(event);
}

static bool any_of_threads(unsigned events)
{
    bool any = false;
    for (int i = 0; i < EVENT_COUNT; i++)
        any |= (events & EVENT_SET(i)) && event_is_of_threads((enum event)i);
    return any;
}

/* Nobody allocates on a heap while the CPU is in the kernel. */
static bool any_in_kernel(unsigned events)
{
    return any_of_threads(events & ~EVENT_SET(EVENT_ALLOC));
}

/* What is only for samples of CPU time. */
static const char *only_for_cpu(const struct options *o, const char **value)
{
    if (strcmp(o->engine, ENGINE_AUTO) != 0) {
        *value = o->engine;
        return "--engine";
    }
    if (strcmp(o->clock, option_first_word("clock", o->verb)) != 0) {
        *value = o->clock;
        return "--clock";
    }
    if (o->weights && strcmp(o->weights, "cpu") == 0) {
        *value = o->weights;
        return "--weights";
    }
    return o->force ? "--force" : NULL;
}

static const char *only_for_threads(const struct options *o)
{
    return o->scheduler_count ? "--scheduler"
           : o->thread_count  ? "--thread"
                              : NULL;
}

const char *option_events_refuse(const struct options *o, const char **value,
                                 const char **why)
{
    enum event first = option_events_first(o->events);
    const char *option = NULL;
    *value = "";
    *why = "only for --event cpu";
    if (!(o->events & EVENT_SET(EVENT_CPU)))
        option = only_for_cpu(o, value);
    if (!option && o->kernel && !any_in_kernel(o->events))
        option = "--kernel";
    if (!option && o->max_cost > 0 && !(o->events & EVENT_SET(EVENT_ALLOC))) {
        *why = "only for --event alloc";
        return "--max-cost";
    }
    if (!option && !any_of_threads(o->events))
        option = only_for_threads(o);
    if (option || o->rate <= sources_max_rate(first))
        return option;
    /* --rate itself has the limits of the others. */
    *why = "give 1 to 100 readings per second with --event wall";
    return "--rate";
}
