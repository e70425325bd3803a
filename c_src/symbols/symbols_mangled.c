#include "symbols/symbols_mangled.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { MAX_TEXT = 1024 };

/* The state while a name is read (Itanium C++ ABI, 5.1: a <source-name> is the
 * decimal length of a name, and the name). */
struct mangled {
    const char *at;
    char text[MAX_TEXT];
    size_t len;
};

static size_t decimal(struct mangled *m)
{
    size_t value = 0;
    while (isdigit((unsigned char)*m->at) && value < MAX_TEXT)
        value = value * 10 + (size_t)(*m->at++ - '0');
    return value;
}

static bool source_name(struct mangled *m)
{
    size_t len = decimal(m);
    size_t colons = m->len ? 2 : 0;
    if (len == 0 || strnlen(m->at, len) < len ||
        m->len + colons + len >= sizeof(m->text))
        return false;
    memcpy(m->text + m->len, "::", colons);
    memcpy(m->text + m->len + colons, m->at, len);
    m->len += colons + len;
    m->at += len;
    return true;
}

/* N [const volatile] name name ... E */
static bool nested_name(struct mangled *m)
{
    m->at += strspn(m->at, "rVK");
    while (*m->at != 'E')
        if (!source_name(m))
            return false;
    m->at++;
    return m->len > 0;
}

/* The types of the arguments follow the name; a function without arguments has
 * `v`. */
static bool function_name(struct mangled *m)
{
    if (*m->at == 'L') /* static */
        m->at++;
    bool read = *m->at == 'N' ? (m->at++, nested_name(m)) : source_name(m);
    return read && *m->at != 'I' && *m->at != '\0';
}

void symbols_mangled_name(char *name)
{
    struct mangled m = {.at = name + 2};
    if (strncmp(name, "_Z", 2) != 0 || !function_name(&m) ||
        m.len > strlen(name))
        return;
    memcpy(name, m.text, m.len);
    name[m.len] = '\0';
}
