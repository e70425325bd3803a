#include "formats/format.h"

#include <string.h>

const struct format *const format_all[] = {
    &format_text,       &format_html,  &format_json, &format_collapsed,
    &format_speedscope, &format_pprof, NULL,
};

const struct format *format_by_name(const char *name)
{
    for (size_t i = 0; format_all[i]; i++)
        if (strcmp(format_all[i]->name, name) == 0)
            return format_all[i];
    return NULL;
}

static bool ends_with(const char *path, const char *extension)
{
    size_t len = strlen(path), tail = strlen(extension);
    return len > tail && strcmp(path + len - tail, extension) == 0;
}

const struct format *format_by_path(const char *path)
{
    const struct format *best = NULL;
    for (size_t i = 0; format_all[i]; i++) {
        const struct format *f = format_all[i];
        if (ends_with(path, f->extension) &&
            (!best || strlen(f->extension) > strlen(best->extension)))
            best = f;
    }
    return best;
}
