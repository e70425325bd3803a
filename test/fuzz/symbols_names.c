/* Any text as a name of the VM: what comes out is always terminated. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct names names;
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    (void)names_parse(text, &names);
    if (strnlen(names.display, NAMES_MAX) == NAMES_MAX ||
        strnlen(names.function, NAMES_MAX) == NAMES_MAX ||
        strnlen(names.module, NAMES_MAX) == NAMES_MAX)
        abort();
    free(text);
    return 0;
}
