#include "cli/option_times.h"

#include <stdlib.h>
#include <string.h>

#include "cli/option_values.h"

#define MAX_TIME_S 1e9

/* Rounded to microseconds, so that 0.15 is exactly a boundary of buckets. */
static const char *take_time(uint64_t *ns, const char *text)
{
    double seconds;
    if (!option_real(text, "", &seconds) ||
        !(seconds >= 0 && seconds <= MAX_TIME_S))
        return "give seconds from the start of the recording";
    *ns = (uint64_t)(seconds * 1e6 + 0.5) * 1000;
    return NULL;
}

const char *option_take_from(struct options *o, const char *text)
{
    return take_time(&o->from_ns, text);
}

const char *option_take_to(struct options *o, const char *text)
{
    const char *why = take_time(&o->to_ns, text);
    return why ? why : o->to_ns ? NULL : "give seconds above 0";
}

/* A unit is required: other options are in seconds, spans take milliseconds. */
const char *option_take_slower_than(struct options *o, const char *text)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    char *end;
    double value = strtod(text, &end);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        double ns = value * units[i].ns;
        if (end == text || strcmp(end, units[i].name) != 0 ||
            !(ns >= 1 && ns <= MAX_TIME_S * 1e9))
            continue;
        o->slower_than_ns = (uint64_t)(ns + 0.5);
        return NULL;
    }
    return "give a time above 0 with its unit, such as 100ms, 1.5s or 250us";
}
