#include "profile/innermost.h"

#include <stdlib.h>

/* Parents have lower ids than their children, so they come first. */
uint32_t *innermost_find(const struct profile *p, const bool *fits)
{
    uint32_t n = (uint32_t)profile_stack_count(p);
    uint32_t *found = malloc((n + 1) * sizeof(*found));
    for (uint32_t i = 0; found && i < n; i++) {
        uint32_t parent = profile_stack_at(p, i)->parent;
        uint32_t function = innermost_frame(p, i);
        if (fits[function])
            found[i] = function;
        else
            found[i] = parent == PROFILE_NONE ? PROFILE_NONE : found[parent];
    }
    return found;
}
