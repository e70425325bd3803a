#include "profile/state.h"

#include <string.h>

static const struct {
    const char *name;
    bool counted, of_process;
} states[STATE_COUNT] = {
#define X(id, name, counted, of_process) {name, counted, of_process},
    SAMPLE_STATES(X)
#undef X
};

static const struct {
    const char *name, *frame;
} parts[IDLE_PART_COUNT] = {
#define X(id, name) {name, "[idle: " name "]"},
    IDLE_PARTS(X)
#undef X
};

const char *state_name(enum sample_state state)
{
    return states[state].name;
}

bool state_is_counted(enum sample_state state)
{
    return states[state].counted;
}

bool state_is_of_process(enum sample_state state)
{
    return states[state].of_process;
}

int state_parse(const char *name, enum sample_state *state)
{
    for (int i = 0; i < STATE_COUNT; i++) {
        if (strcmp(states[i].name, name) == 0) {
            *state = (enum sample_state)i;
            return 0;
        }
    }
    return -E_FORMAT;
}

const char *idle_part_name(enum idle_part part)
{
    return parts[part].name;
}

const char *idle_part_frame(enum idle_part part)
{
    return parts[part].frame;
}

enum idle_part idle_part_of(const char *frame)
{
    for (int i = 0; i < IDLE_PART_COUNT; i++)
        if (strcmp(parts[i].frame, frame) == 0)
            return (enum idle_part)i;
    return IDLE_UNKNOWN;
}
