#include "profile/thread_names.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

uint32_t thread_names_scheduler(const char *thread)
{
    static const char before[] = "erts_sched_", after[] = "_scheduler";
    char *end;
    bool now = strncmp(thread, before, sizeof(before) - 1) == 0;
    const char *digits = now ? thread + sizeof(before) - 1 : thread;
    if (*digits < '1' || *digits > '9')
        return 0;
    unsigned long number = strtoul(digits, &end, 10);
    return number <= UINT32_MAX && strcmp(end, now ? "" : after) == 0
               ? (uint32_t)number
               : 0;
}
