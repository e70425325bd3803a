#include "profile/platform.h"

#include <stddef.h>
#include <string.h>

extern const char platform_modules[], platform_modules_end[];

/* The beginning of the line that contains `at`. */
static const char *line_of(const char *at)
{
    while (at > platform_modules && at[-1] != '\n')
        at--;
    return at;
}

/* Like strcmp, but the second text ends with its line. */
static int compare(const char *module, const char *line)
{
    size_t len = (size_t)(strchr(line, '\n') - line);
    int order = strncmp(module, line, len);
    return order ? order : module[len] != '\0';
}

static bool is_listed(const char *module)
{
    const char *low = platform_modules, *high = platform_modules_end;
    while (low < high) {
        const char *line = line_of(low + (high - low) / 2);
        int order = compare(module, line);
        if (order == 0)
            return true;
        if (order < 0)
            high = line;
        else
            low = strchr(line, '\n') + 1;
    }
    return false;
}

/* cprof's modules are on the stacks when a node records itself, above the code
 * that is measured. */
static bool is_cprofs(const char *module)
{
    return strncmp(module, "cprof_", 6) == 0 ||
           strcmp(module, "Elixir.Cprof") == 0 ||
           strncmp(module, "Elixir.Cprof.", 13) == 0 ||
           strcmp(module, "Elixir.Mix.Tasks.Profile.Run") == 0;
}

bool platform_has(const char *module)
{
    return is_cprofs(module) || is_listed(module);
}
