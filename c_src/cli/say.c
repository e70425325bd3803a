#include <stdio.h>

#include "base/err.h"
#include "cli/verbs.h"

int fail_text(const char *what, const char *why)
{
    fprintf(stderr, "cprof: %s: %s\n", what, why);
    return EXIT_FAILED;
}

int fail(const char *what, int code)
{
    return fail_text(what, err_text(code));
}

int usage_error(const char *verb, const char *what, const char *why)
{
    fprintf(stderr, "cprof: %s: %s; see `cprof %s --help`\n", what, why, verb);
    return EXIT_USAGE;
}
