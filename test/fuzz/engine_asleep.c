#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/asleep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was accepted is what the kernel would write for that place, but for
 * zeros before numbers. */
static void check(const struct asleep_place *p)
{
    char text[256];
    struct asleep_place again;
    int len = snprintf(text, sizeof(text), "%lld", (long long)p->system_call);
    for (int i = 0; i < 6 && p->system_call >= 0; i++)
        len += snprintf(text + len, sizeof(text) - (size_t)len, " 0x%llx",
                        (unsigned long long)p->args[i]);
    len += snprintf(text + len, sizeof(text) - (size_t)len, " 0x%llx 0x%llx\n",
                    (unsigned long long)p->sp, (unsigned long long)p->ip);
    if (asleep_parse(text, (size_t)len, &again) != 0 ||
        memcmp(p, &again, sizeof(again)) != 0)
        abort();
}

/* The text of /proc/PID/task/TID/syscall. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct asleep_place place;
    int result = asleep_parse(data, size, &place);
    if (result == 0)
        check(&place);
    else if (result != 1 && result != -E_FORMAT)
        abort();
    return 0;
}
