/*
 * Offsets seen in Debian's builds of each release. They only say where to look
 * first. They follow from struct process, ErtsPTabElementCommon and struct
 * ErtsSchedulerData_ (erts/emulator/beam/erl_process.h, erl_ptab.h) and depend
 * on build options, so each is used only if the node's memory agrees with it.
 */
#include <stdlib.h>
#include <string.h>

#include "target/layout_parts.h"

enum { ERTS_TO_RELEASE = 12 }; /* erts-13 is OTP 25, erts-17 is OTP 29 */

static const struct layout_hint hints[] = {
    {25,
     {[LAYOUT_XOFF] = 128,
      [LAYOUT_HTOP] = 80,
      [LAYOUT_STOP] = 88,
      [LAYOUT_HEND] = 136,
      [LAYOUT_ID] = 0,
      [LAYOUT_REG] = 48,
      [LAYOUT_INITIAL] = 448,
      [LAYOUT_CONTINUATION] = 256,
      [LAYOUT_DICTIONARY] = 416,
      [LAYOUT_STATE] = 640,
      [LAYOUT_SCHEDULER_DATA] = 760,
      [LAYOUT_CURRENT_PROCESS] = 168}},
    {27,
     {[LAYOUT_XOFF] = 64,
      [LAYOUT_HTOP] = 80,
      [LAYOUT_STOP] = 88,
      [LAYOUT_HEND] = 200,
      [LAYOUT_ID] = 0,
      [LAYOUT_REG] = 32,
      [LAYOUT_INITIAL] = 440,
      [LAYOUT_CONTINUATION] = 248,
      [LAYOUT_DICTIONARY] = 408,
      [LAYOUT_STATE] = 624,
      [LAYOUT_SCHEDULER_DATA] = 744,
      [LAYOUT_CURRENT_PROCESS] = 168}},
    {29,
     {[LAYOUT_XOFF] = 64,
      [LAYOUT_HTOP] = 80,
      [LAYOUT_STOP] = 88,
      [LAYOUT_HEND] = 200,
      [LAYOUT_ID] = 0,
      [LAYOUT_REG] = 32,
      [LAYOUT_INITIAL] = 440,
      [LAYOUT_CONTINUATION] = 248,
      [LAYOUT_DICTIONARY] = 408,
      [LAYOUT_STATE] = 624,
      [LAYOUT_SCHEDULER_DATA] = 744,
      [LAYOUT_CURRENT_PROCESS] = 168}},
};

const struct layout_hint *layout_hints(size_t *count)
{
    *count = sizeof(hints) / sizeof(hints[0]);
    return hints;
}

int layout_hints_release(const char *exe)
{
    const char *found = NULL;
    for (const char *at = exe; (at = strstr(at, "/erts-")); at++)
        found = at + strlen("/erts-");
    if (!found)
        return 0;
    int major = atoi(found);
    return major >= 12 && major < 100 ? major + ERTS_TO_RELEASE : 0;
}
