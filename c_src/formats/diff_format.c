#include "formats/diff_format.h"

#include <stdbool.h>
#include <string.h>

static const struct diff_format *const formats[] = {
    &diff_format_text,
    &diff_format_json,
    &diff_format_html,
    NULL,
};

const struct diff_format *diff_format_by_name(const char *name)
{
    for (size_t i = 0; formats[i]; i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}

static bool ends_with(const char *path, const char *extension)
{
    size_t len = strlen(path), tail = strlen(extension);
    return len > tail && strcmp(path + len - tail, extension) == 0;
}

const struct diff_format *diff_format_by_path(const char *path)
{
    const struct diff_format *best = NULL;
    for (size_t i = 0; formats[i]; i++) {
        const struct diff_format *f = formats[i];
        if (ends_with(path, f->extension) &&
            (!best || strlen(f->extension) > strlen(best->extension)))
            best = f;
    }
    return best;
}
