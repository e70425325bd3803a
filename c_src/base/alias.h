/**
 * @file alias.h
 * Names of Elixir modules. The VM has them as "Elixir.Shop.Cart", Elixir and
 * its users write Shop.Cart. Processes are registered under such names, too.
 */
#ifndef CPROF_BASE_ALIAS_H
#define CPROF_BASE_ALIAS_H

#include <stddef.h>
#include <string.h>

/** The length of "Elixir." at the beginning of such a name; 0 of other names.
 */
static inline size_t alias_prefix(const char *name, size_t len)
{
    static const char prefix[] = "Elixir.";
    size_t size = sizeof(prefix) - 1;
    if (len <= size || memcmp(name, prefix, size) != 0)
        return 0;
    return name[size] >= 'A' && name[size] <= 'Z' ? size : 0;
}

#endif
