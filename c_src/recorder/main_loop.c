#include "recorder/main_loop.h"

#include <string.h>

#include "profile/platform.h"

static const struct profile_function *function_of(const struct profile *p,
                                                  uint32_t stack)
{
    return profile_function_at(p, profile_stack_function(p, stack));
}

/* Of the loops there are variants, such as loop_hibernate/5. */
static bool is_loop_of_behaviour(const struct profile *p, uint32_t stack)
{
    static const char *const loops[][2] = {{"gen_server", "loop"},
                                           {"gen_statem", "loop"},
                                           {"gen_event", "fetch_msg"},
                                           {"gen_fsm", "loop"}};
    const struct profile_function *f = function_of(p, stack);
    const char *module = profile_text(p, f->module);
    const char *function = profile_text(p, f->function);
    for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++)
        if (strcmp(module, loops[i][0]) == 0 &&
            strncmp(function, loops[i][1], strlen(loops[i][1])) == 0)
            return true;
    return false;
}

/* Has a behaviour called it? Then it is not in its main loop, even if all that
 * it runs is of the platform, like a function given to an Agent. */
static bool is_in_callback(const struct profile *p, uint32_t stack)
{
    static const char *const behaviours[] = {"gen_server", "gen_statem",
                                             "gen_event", "gen_fsm"};
    for (uint32_t at = stack; at != PROFILE_NONE;
         at = profile_stack_at(p, at)->parent) {
        const char *module = profile_text(p, function_of(p, at)->module);
        for (size_t i = 0; i < sizeof(behaviours) / sizeof(behaviours[0]); i++)
            if (strcmp(module, behaviours[i]) == 0)
                return true;
    }
    return false;
}

static bool is_start(const struct profile *p, uint32_t stack)
{
    const struct profile_function *f = function_of(p, stack);
    return strcmp(profile_text(p, f->module), "proc_lib") == 0;
}

/* Has it nothing to return to but the functions that started it? */
static bool is_first_function(const struct profile *p, uint32_t stack)
{
    uint32_t at = profile_stack_at(p, stack)->parent;
    while (at != PROFILE_NONE && is_start(p, at))
        at = profile_stack_at(p, at)->parent;
    return at == PROFILE_NONE;
}

static bool is_of_platform(const struct profile *p, uint32_t stack)
{
    const struct profile_function *f =
        profile_function_at(p, platform_call_site(p, stack));
    return platform_has(profile_text(p, f->module)) || f->kind == FRAME_RUNTIME;
}

bool main_loop_has(const struct profile *p, uint32_t stack, bool sleeps)
{
    return is_loop_of_behaviour(p, stack) ||
           (is_first_function(p, stack) && !sleeps) ||
           (is_of_platform(p, stack) && !is_in_callback(p, stack));
}

bool main_loop_calls_platform(const struct profile *p, uint32_t stack)
{
    while (platform_has(profile_text(p, function_of(p, stack)->module)) &&
           profile_stack_at(p, stack)->parent != PROFILE_NONE)
        stack = profile_stack_at(p, stack)->parent;
    return is_first_function(p, stack);
}
