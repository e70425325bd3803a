#include "profile/longest.h"

void longest_keep(struct longest *list, unsigned *count, unsigned room,
                  uint32_t function, uint64_t ns)
{
    unsigned at = *count;
    while (at > 0 && list[at - 1].ns < ns)
        at--;
    if (at == room)
        return;
    *count += *count < room;
    for (unsigned i = *count - 1; i > at; i--)
        list[i] = list[i - 1];
    list[at] = (struct longest){function, ns};
}
