#include "formats/value.h"

#include <string.h>

#include "base/units.h"
#include "formats/text_parts.h"

/* The units of pprof. */
static const struct unit {
    const char *name;
    enum { UNIT_TIME, UNIT_BYTES } kind;
    double size; /* in seconds or bytes */
} units[] = {
    {"nanoseconds", UNIT_TIME, 1e-9},  {"microseconds", UNIT_TIME, 1e-6},
    {"milliseconds", UNIT_TIME, 1e-3}, {"seconds", UNIT_TIME, 1},
    {"bytes", UNIT_BYTES, 1},          {"kilobytes", UNIT_BYTES, 1024},
};

static const char *name_of(const struct profile *p)
{
    return profile_text(p, profile_value_type_at(p, 0)->name);
}

static const char *unit_name(const struct profile *p)
{
    return profile_text(p, profile_value_type_at(p, 0)->unit);
}

/* NULL: the values are a number of something. */
static const struct unit *unit_of(const struct profile *p)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(units[i].name, unit_name(p)) == 0)
            return &units[i];
    return NULL;
}

bool value_is_samples(const struct profile *p)
{
    return strcmp(name_of(p), VALUE_SAMPLES.name) == 0;
}

bool value_is_cpu(const struct profile *p)
{
    return profile_find_value(p, VALUE_CPU) != PROFILE_NONE &&
           (value_is_samples(p) || profile_find_value(p, VALUE_CPU) == 0);
}

const char *value_whole(const struct profile *p)
{
    if (value_is_cpu(p))
        return "CPU";
    if (profile_is_wall(p))
        return "process time";
    if (profile_event(p) == EVENT_BLOCK)
        return "blocked time";
    if (profile_is_alloc(p))
        return "allocated bytes";
    return name_of(p)[0] ? name_of(p) : "samples";
}

const char *value_title(const struct profile *p)
{
    const struct unit *unit = unit_of(p);
    if (unit)
        return unit->kind == UNIT_TIME ? "TIME" : "BYTES";
    return value_is_samples(p) ? "SAMPLES" : "COUNT";
}

static void spell(struct buffer *out, const struct unit *unit, uint64_t value)
{
    double size = (double)value * unit->size;
    if (unit->kind == UNIT_TIME)
        units_duration(out, size * 1e9);
    else
        units_bytes(out, size);
}

void value_add(struct buffer *out, const struct profile *p, uint64_t value)
{
    const struct unit *unit = unit_of(p);
    struct buffer text;
    buffer_init(&text, BUFFER_DEFAULT_MAX);
    if (unit)
        spell(&text, unit, value);
    else
        buffer_decimal(&text, value);
    text_cell_right(out, 8, &text);
}

void value_say(struct buffer *out, const struct profile *p, uint64_t value)
{
    const struct unit *unit = unit_of(p);
    if (unit) {
        spell(out, unit, value);
        return;
    }
    text_cell_number(out, value);
    buffer_text(out, " ");
    const char *name = name_of(p)[0] ? name_of(p) : VALUE_SAMPLES.name;
    bool one = value == 1 && strcmp(name, VALUE_SAMPLES.name) == 0;
    text_cell_add(out, one ? "sample" : name, 0);
}
