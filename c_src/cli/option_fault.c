#include "cli/option_fault.h"

#include <stdio.h>

int option_fault(struct options_fault *f, const char *what, const char *value,
                 const char *why)
{
    snprintf(f->what, sizeof(f->what), "%s%s%.80s", what, *value ? " " : "",
             value);
    snprintf(f->why, sizeof(f->why), "%s", why);
    return -E_USAGE;
}

int option_fault_of(struct options_fault *f, const struct option_row *row,
                    const char *value, const char *why)
{
    char option[32];
    snprintf(option, sizeof(option), "--%s", row->name);
    return option_fault(f, option, value ? value : "", why);
}
