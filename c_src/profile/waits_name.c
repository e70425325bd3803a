/* The name of the leaf frame of a process that waits for another one. */
#include "profile/waits.h"

#include <stdio.h>
#include <string.h>

#include "base/alias.h"

bool waits_is_port(const char *name)
{
    size_t port = sizeof(WAITS_PORT) - 1;
    return strcmp(name, WAITS_SOCKET) == 0 ||
           (strncmp(name, WAITS_PORT, port) == 0 &&
            (name[port] == '\0' || name[port] == ' '));
}

/* A name that may be taken for something else is quoted, as Erlang does it. */
void waits_text(const char *name, const char *pid, const char *is,
                char text[WAITS_TEXT])
{
    enum { IS = 120 };
    if (*name == '<' || strchr(name, ' ') || waits_is_port(name))
        snprintf(text, WAITS_TEXT, WAITS_FOR "'%.1100s']", name);
    else if (*name)
        snprintf(text, WAITS_TEXT, WAITS_FOR "%.1100s]",
                 name + alias_prefix(name, strlen(name)));
    else if (*pid && *is)
        snprintf(text, WAITS_TEXT, WAITS_FOR "%.60s (%.*s)]", pid, IS, is);
    else if (*pid)
        snprintf(text, WAITS_TEXT, WAITS_FOR "%.60s]", pid);
    else
        snprintf(text, WAITS_TEXT, "%s", WAITS_UNKNOWN);
}
