#include "profile/span_name.h"

#include <string.h>

size_t span_name_event(const char *name)
{
    const char *end = strstr(name, "] ");
    return *name == '[' && end ? (size_t)(end - name) + 1 : strlen(name);
}

bool span_name_is(const char *name, const char *asked)
{
    size_t event = span_name_event(name);
    if (*asked == '\0')
        return false;
    return strcmp(name, asked) == 0 ||
           (strlen(asked) == event && memcmp(name, asked, event) == 0) ||
           (name[event] && strcmp(name + event + 1, asked) == 0);
}

bool span_name_is_any(const char *name, const char *const *asked, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (span_name_is(name, asked[i]))
            return true;
    return false;
}
