#include "cli/option_values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "output/output_series.h"

#define TEXT(number)  TEXT_(number)
#define TEXT_(number) #number

/* --- numbers and lists ---------------------------------------------------- */

bool option_whole(const char *text, long min, long max, long *out)
{
    char *end;
    errno = 0;
    *out = strtol(text, &end, 10);
    return !errno && end != text && !*end && *out >= min && *out <= max;
}

bool option_real(const char *text, const char *unit, double *out)
{
    char *end;
    *out = strtod(text, &end);
    return end != text && (!*end || strcmp(end, unit) == 0);
}

const char option_too_many[] =
    "can be given at most " TEXT(OPTIONS_MAX_VALUES) " times";

const char *option_add_text(const char **texts, size_t *count, const char *text)
{
    if (*count == OPTIONS_MAX_VALUES)
        return option_too_many;
    texts[(*count)++] = text;
    return NULL;
}

/* --- diff ----------------------------------------------------------------- */

const char *option_take_base(struct options *o, const char *text)
{
    return option_add_text(o->base.files, &o->base.count, text);
}

const char *option_take_new(struct options *o, const char *text)
{
    return option_add_text(o->now.files, &o->now.count, text);
}

const char *option_take_fail_above(struct options *o, const char *text)
{
    o->has_limit = true;
    return option_real(text, "%", &o->limit) && o->limit >= 0 && o->limit <= 1e6
               ? NULL
               : "give a percentage, such as 10";
}

const char *option_take_min_effect(struct options *o, const char *text)
{
    double percent;
    if (!option_real(text, "%", &percent) || !(percent > 0 && percent <= 1e6))
        return "give a percentage above 0, such as 5";
    o->min_effect = percent / 100;
    return NULL;
}

const char *option_take_max_cost(struct options *o, const char *text)
{
    double percent;
    if (!option_real(text, "%", &percent) || !(percent >= 0.1 && percent <= 90))
        return "give a percentage, 0.1 to 90";
    o->max_cost = percent / 100;
    return NULL;
}

/* --- watch ---------------------------------------------------------------- */

const struct options_watch option_watch_defaults = {
    .before_s = OPTIONS_BEFORE,
    .after_s = OPTIONS_AFTER,
    .at_most = OPTIONS_AT_MOST,
    .at_most_ns = 3600 * NS_PER_S,
    .keep_bytes = (uint64_t)OPTIONS_KEEP_M << 20,
    .folder = ".",
    .name = "watch"};

const char *option_take_when(struct options *o, const char *text)
{
    static char why[CONDITION_WHY];
    struct options_watch *w = &o->watch;
    if (w->condition_count == OPTIONS_MAX_VALUES)
        return option_too_many;
    if (condition_parse(text, &w->conditions[w->condition_count], why) != 0)
        return why;
    w->condition_count++;
    return NULL;
}

const char *option_take_before(struct options *o, const char *text)
{
    double *s = &o->watch.before_s;
    return option_real(text, "s", s) && *s >= 0 && *s <= OPTIONS_MOST_BEFORE
               ? NULL
               : "give seconds, 0 to " TEXT(OPTIONS_MOST_BEFORE);
}

const char *option_take_after(struct options *o, const char *text)
{
    double *s = &o->watch.after_s;
    return option_real(text, "s", s) && *s >= 0 && *s <= OPTIONS_MOST_AFTER
               ? NULL
               : "give seconds, 0 to " TEXT(OPTIONS_MOST_AFTER);
}

const char *option_take_at_most(struct options *o, const char *text)
{
    static const struct {
        const char *unit;
        unsigned seconds;
    } spans[] = {{"/h", 3600}, {"/min", 60}, {"/d", 86400}};
    char *end;
    errno = 0;
    long n = strtol(text, &end, 10);
    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
        if (!errno && n >= 1 && n <= QUOTA_MOST &&
            strcmp(end, spans[i].unit) == 0) {
            o->watch.at_most = (unsigned)n;
            o->watch.at_most_ns = spans[i].seconds * NS_PER_S;
            return NULL;
        }
    return "give a number, 1 to 1000, and a time: 6/h, 1/min or 50/d";
}

const char *option_take_name(struct options *o, const char *text)
{
    o->watch.name = text;
    return output_series_name_fits(text)
               ? NULL
               : "give letters, digits, _, -, . or @, at most 63, and no point "
                 "first";
}

const char *option_take_keep(struct options *o, const char *text)
{
    static const char letters[] = "kMGT";
    char *end;
    double size = strtod(text, &end);
    const char *letter = *end ? strchr(letters, *end) : NULL;
    for (const char *l = letters; letter && l <= letter; l++)
        size *= 1024;
    end += letter != NULL;
    end += *end == 'B';
    if (end == text || *end || !(size >= 1 << 20 && size < 1e15))
        return "give a size, 1M or more, such as 500M or 2G";
    o->watch.keep_bytes = (uint64_t)size;
    return NULL;
}

const char *option_take_also(struct options *o, const char *text)
{
    o->watch.also = format_by_name(text);
    return NULL;
}

const char *option_watch_refuse(const struct options *o, const char **why)
{
    *why = "also needs -n NAME: only a name says which node to wait for";
    return o->watch.wait && !o->node ? "--wait" : NULL;
}
