#include "recorder/initial_call.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "symbols/names.h"
#include "target/atoms.h"

/* A supervisor's initial call is {supervisor, Module, 1} (proc_lib.erl,
 * trans_init). */
static bool is_supervisor(const struct names *n)
{
    bool module = strcmp(n->module, "supervisor") == 0 ||
                  strcmp(n->module, "supervisor_bridge") == 0;
    return module && n->arity == 1 && strcmp(n->function, "init") != 0;
}

/* Copies as many whole characters as there is room for. */
static void copy(const char *from, char to[INITIAL_CALL_TEXT])
{
    size_t len = strlen(from);
    if (len >= INITIAL_CALL_TEXT)
        for (len = INITIAL_CALL_TEXT - 1;
             len > 0 && ((unsigned char)from[len] & 0xc0) == 0x80;)
            len--;
    memcpy(to, from, len);
    to[len] = '\0';
}

void initial_call_spell(const char *vm_name, char text[INITIAL_CALL_TEXT])
{
    struct names names;
    if (names_parse(vm_name, &names) == 0 && is_supervisor(&names)) {
        char module[NAMES_MAX], callback[NAMES_MAX + 8];
        atoms_quote(names.function, module, sizeof(module));
        snprintf(callback, sizeof(callback), "%s:init/1", module);
        (void)!names_parse(callback, &names);
    }
    copy(names.display, text);
}
