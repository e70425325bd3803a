#include "profile/event.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *title;
    bool of_threads;
    size_t count, of_functions;
    struct value_texts values[9];
} events[EVENT_COUNT] = {
    [EVENT_CPU] = {"cpu", "CPU time", true, 2, 2, {VALUE_SAMPLES, VALUE_CPU}},
    [EVENT_WALL] =
        {"wall", "Process time", false, 2, 2, {VALUE_WALL, VALUE_SAMPLES}},
    [EVENT_ALLOC] = {"alloc",
                     "Allocation",
                     true,
                     9,
                     3,
                     {VALUE_HEAP, VALUE_BINARY, VALUE_SAMPLES, VALUE_FILLED,
                      VALUE_COLLECTIONS, VALUE_MINOR, VALUE_SURVIVED,
                      VALUE_GROWN, VALUE_SHRUNK}},
    [EVENT_BLOCK] = {"block",
                     "Blocked time",
                     true,
                     3,
                     3,
                     {VALUE_BLOCKED, VALUE_TIMES, VALUE_SAMPLES}},
};

const char *event_name(enum event event)
{
    return events[event].name;
}

const char *event_title(enum event event)
{
    return events[event].title;
}

bool event_is_of_threads(enum event event)
{
    return events[event].of_threads;
}

const struct value_texts *event_values(enum event event, size_t *n)
{
    *n = events[event].count;
    return events[event].values;
}

size_t event_function_values(enum event event)
{
    return events[event].of_functions;
}

int event_parse(const char *name, enum event *event)
{
    for (int i = 0; i < EVENT_COUNT; i++)
        if (strcmp(name, events[i].name) == 0) {
            *event = (enum event)i;
            return 0;
        }
    return -E_FORMAT;
}

int event_parse_set(const char *names, unsigned *set)
{
    char name[16];
    unsigned all = 0;
    for (size_t len; *names; names += len + (names[len] == ',')) {
        enum event event;
        len = strcspn(names, ",");
        snprintf(name, sizeof(name), "%.*s", (int)len, names);
        int err = event_parse(name, &event);
        if (err)
            return err;
        if (all & EVENT_SET(event))
            return -EALREADY;
        all |= EVENT_SET(event);
    }
    if (!all)
        return -E_FORMAT;
    *set = all;
    return 0;
}
