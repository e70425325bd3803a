#include "profile/profile.h"

#include <string.h>

static const char *const names[STATE_COUNT] = {
    [STATE_RUNNING] = "running",     [STATE_GC] = "gc",
    [STATE_DIRTY_CPU] = "dirty-cpu", [STATE_DIRTY_IO] = "dirty-io",
    [STATE_SCHEDULER] = "scheduler", [STATE_OTHER] = "other",
};

const char *state_name(enum sample_state state)
{
    return names[state];
}

int state_parse(const char *name, enum sample_state *state)
{
    for (int i = 0; i < STATE_COUNT; i++) {
        if (strcmp(names[i], name) == 0) {
            *state = (enum sample_state)i;
            return 0;
        }
    }
    return -E_FORMAT;
}
