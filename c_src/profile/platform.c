#include "profile/platform.h"

#include <stddef.h>
#include <stdlib.h>
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

/* Copies of OTP's modules that RabbitMQ brings along. */
static bool is_copy(const char *module)
{
    return strcmp(module, "gen_server2") == 0 ||
           strcmp(module, "supervisor2") == 0;
}

bool platform_has(const char *module)
{
    return is_cprofs(module) || is_copy(module) || is_listed(module);
}

bool platform_is_application(const struct profile *p, uint32_t function)
{
    const struct profile_function *f = profile_function_at(p, function);
    return (f->kind == FRAME_ERLANG || f->kind == FRAME_ELIXIR) &&
           !platform_has(profile_text(p, f->module));
}

uint32_t platform_call_stack(const struct profile *p, uint32_t stack)
{
    for (uint32_t at = stack; at != PROFILE_NONE;
         at = profile_stack_at(p, at)->parent)
        if (platform_is_application(p, profile_stack_function(p, at)))
            return at;
    return stack;
}

uint32_t platform_call_site(const struct profile *p, uint32_t stack)
{
    return profile_stack_function(p, platform_call_stack(p, stack));
}

static bool *find_applications(const struct profile *p)
{
    size_t n = profile_function_count(p);
    bool *is = malloc((n + 1) * sizeof(*is));
    for (uint32_t i = 0; is && i < n; i++)
        is[i] = platform_is_application(p, i);
    return is;
}

/* Parents have lower ids than their children. */
uint32_t *platform_call_sites(const struct profile *p)
{
    size_t n = profile_stack_count(p);
    bool *is = find_applications(p);
    uint32_t *sites = is ? malloc((n + 1) * sizeof(*sites)) : NULL;
    for (uint32_t i = 0; sites && i < n; i++) {
        uint32_t own = profile_stack_function(p, i);
        uint32_t parent = profile_stack_at(p, i)->parent;
        sites[i] = is[own]                  ? own
                   : parent == PROFILE_NONE ? PROFILE_NONE
                                            : sites[parent];
    }
    for (uint32_t i = 0; sites && i < n; i++)
        if (sites[i] == PROFILE_NONE)
            sites[i] = profile_stack_function(p, i);
    free(is);
    return sites;
}
