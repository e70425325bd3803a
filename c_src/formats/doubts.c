#include "formats/doubts.h"

#include <stddef.h>
#include <string.h>

bool doubts_is(const char *name)
{
    static const char *const plain[] = {"samples",
                                        "frames",
                                        "bytes",
                                        "erlang_leaf",
                                        "erlang_leaf_complete",
                                        "undescribed",
                                        "in_kernel"};
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        if (strcmp(plain[i], name) == 0)
            return false;
    return true;
}
