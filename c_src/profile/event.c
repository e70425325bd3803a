#include "profile/event.h"

#include <string.h>

static const struct {
    const char *name, *title;
} events[EVENT_COUNT] = {
#define X(id, name, title) [EVENT_##id] = {name, title},
    EVENTS(X)
#undef X
};

const char *event_name(enum event event)
{
    return events[event].name;
}

const char *event_title(enum event event)
{
    return events[event].title;
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
