#include "cli/options_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define MAX_TIME_S 1e9

static const char *take_state(struct options *o, const char *text)
{
    enum sample_state state;
    if (state_parse(text, &state) != 0)
        return "choose running, gc, dirty-cpu, dirty-io, scheduler or other";
    o->states |= 1u << state;
    return NULL;
}

static const char *take_thread(struct options *o, const char *text)
{
    if (o->thread_count == OPTIONS_MAX_PROCESSES)
        return "can be given at most 64 times";
    o->threads[o->thread_count++] = text;
    return *text ? NULL : "give a thread's name or tid";
}

static const char *take_scheduler(struct options *o, const char *text)
{
    char *end;
    errno = 0;
    unsigned long n = strtoul(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || n < 1 || n > 1024)
        return "give the number of a normal scheduler, 1 or more";
    if (o->scheduler_count == OPTIONS_MAX_PROCESSES)
        return "can be given at most 64 times";
    o->schedulers[o->scheduler_count++] = (uint32_t)n;
    return NULL;
}

/* To the microsecond: 0.15 is the boundary of buckets that it looks like. */
static const char *take_time(uint64_t *ns, const char *text)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end || !(seconds >= 0 && seconds <= MAX_TIME_S))
        return "give seconds from the start of the recording";
    *ns = (uint64_t)(seconds * 1e6 + 0.5) * 1000;
    return NULL;
}

static const char *take_to(struct options *o, const char *text)
{
    const char *why = take_time(&o->to_ns, text);
    if (!why && o->to_ns == 0)
        return "give seconds above 0";
    return why;
}

static const char *take_word(const char **out, const char *text,
                             const char *one, const char *other,
                             const char *why)
{
    *out = text;
    return strcmp(text, one) == 0 || strcmp(text, other) == 0 ? NULL : why;
}

static const char *take_min(struct options *o, const char *text)
{
    char *end;
    o->min_pct = strtod(text, &end);
    return end == text || *end || !(o->min_pct >= 0.01 && o->min_pct <= 100)
               ? "give a percentage, 0.01 to 100"
               : NULL;
}

const char *options_view_take(struct options *o, int code, const char *text)
{
    switch (code) {
    case OPT_STATE:
        return take_state(o, text);
    case OPT_THREAD:
        return take_thread(o, text);
    case OPT_SCHEDULER:
        return take_scheduler(o, text);
    case OPT_FROM:
        return take_time(&o->from_ns, text);
    case OPT_TO:
        return take_to(o, text);
    case OPT_BY:
        return take_word(&o->by, text, "process", "scheduler",
                         "choose process or scheduler");
    case OPT_WEIGHTS:
        return take_word(&o->weights, text, "samples", "cpu",
                         "choose samples or cpu");
    case OPT_CALLERS:
        o->callers = text;
        return *text ? NULL : "give a function's name";
    case OPT_TREE:
        o->tree = true;
        return NULL;
    case OPT_MIN:
        return take_min(o, text);
    default:
        o->timeline = true;
        return NULL;
    }
}

const char *options_view_check(const struct options *o, const char **option)
{
    bool text = o->format == &format_text;
    *option = o->callers ? "--callers" : o->tree ? "--tree" : "--min";
    if ((o->callers || o->tree || o->min_pct > 0) && !text)
        return "works only with the text report; leave --format out";
    if (o->callers && o->tree)
        return "cannot be combined with --tree";
    if (o->min_pct > 0 && !o->tree)
        return "works only with --tree";
    *option = o->by ? "--by" : "--weights";
    if ((o->by || o->weights) && o->format != &format_speedscope)
        return "works only with the format speedscope";
    return NULL;
}

struct filter options_filter(const struct options *o)
{
    return (struct filter){.processes = o->processes,
                           .process_count = o->process_count,
                           .focus = o->focus,
                           .ignore = o->ignore,
                           .states = o->states,
                           .threads = o->threads,
                           .thread_count = o->thread_count,
                           .schedulers = o->schedulers,
                           .scheduler_count = o->scheduler_count,
                           .from_ns = o->from_ns,
                           .to_ns = o->to_ns};
}

struct view options_view(const struct options *o)
{
    bool scheduler = o->by && strcmp(o->by, "scheduler") == 0;
    return (struct view){
        .filter = options_filter(o),
        .format = o->format,
        .how = {
            .top = o->top,
            .color = !o->output && isatty(STDOUT_FILENO),
            .by = scheduler ? FORMAT_BY_SCHEDULER : FORMAT_BY_PROCESS,
            .cpu_weights = o->weights && strcmp(o->weights, "cpu") == 0,
            .callers = o->callers,
            .tree = o->tree,
            .min_pct = o->min_pct,
        }};
}

bool options_view_unreadable(const struct options *o)
{
    return !o->output && o->format->binary && isatty(STDOUT_FILENO);
}
