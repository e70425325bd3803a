#include "profile/frame.h"

#include <string.h>

#include "base/err.h"

static const char *const names[FRAME_KIND_COUNT] = {
    [FRAME_ERLANG] = "erlang",   [FRAME_ELIXIR] = "elixir", [FRAME_BIF] = "bif",
    [FRAME_NIF] = "nif",         [FRAME_NATIVE] = "native", [FRAME_GC] = "gc",
    [FRAME_RUNTIME] = "runtime", [FRAME_KERNEL] = "kernel",
};

bool frame_is_charged(enum frame_kind kind)
{
    return kind == FRAME_ERLANG || kind == FRAME_ELIXIR || kind == FRAME_BIF ||
           kind == FRAME_NIF || kind == FRAME_GC;
}

const char *frame_kind_name(enum frame_kind kind)
{
    return names[kind];
}

int frame_kind_parse(const char *name, enum frame_kind *kind)
{
    for (int i = 0; i < FRAME_KIND_COUNT; i++) {
        if (strcmp(names[i], name) == 0) {
            *kind = (enum frame_kind)i;
            return 0;
        }
    }
    return -E_FORMAT;
}
