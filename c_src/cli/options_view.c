#include "cli/options.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* `record` has recorded only the events asked for. */
static struct filter filter_of(const struct options *o)
{
    return (struct filter){.events = o->verb == OPTION_RECORD ? 0 : o->events,
                           .processes = o->processes,
                           .process_count = o->process_count,
                           .spans = o->spans,
                           .span_count = o->span_count,
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

/* Only the environment decides: whether the locale is installed on this machine
 * says nothing about the terminal. */
bool options_shows_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *locale = getenv(names[i]);
        if (locale && *locale)
            return strcasestr(locale, "UTF-8") || strcasestr(locale, "UTF8");
    }
    return false;
}

/* As wide as the terminal is, or as the environment says. 0: not known. */
static unsigned columns_of_output(void)
{
    const char *said = getenv("COLUMNS");
    long columns = said ? strtol(said, NULL, 10) : 0;
    struct winsize size;
    if (columns > 0 && columns <= UINT16_MAX)
        return (unsigned)columns;
    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0
               ? size.ws_col
               : 0;
}

struct view options_view(const struct options *o)
{
    bool scheduler = o->by && strcmp(o->by, "scheduler") == 0;
    bool span = o->by && strcmp(o->by, VIEW_SPAN) == 0;
    return (struct view){
        .filter = filter_of(o),
        .format = o->format,
        .how = {
            .top = o->all ? FORMAT_TOP_ALL : o->top,
            .line_columns = o->output ? 0 : columns_of_output(),
            .color = !o->output && isatty(STDOUT_FILENO),
            .ascii =
                !o->output && isatty(STDOUT_FILENO) && !options_shows_utf8(),
            .by = scheduler ? FORMAT_BY_SCHEDULER
                  : span    ? FORMAT_BY_SPAN
                            : FORMAT_BY_PROCESS,
            .cpu_weights = o->weights && strcmp(o->weights, "cpu") == 0,
            .callers = o->callers,
            .tree = o->tree,
            .self = o->self,
            .reader = o->input ? FORMAT_READER_REPORT : FORMAT_READER_RECORD,
            .min_pct = o->min_pct,
        }};
}

const char *options_at_fault(const struct options *o, int err, const char *what)
{
    if (err == -E_NO_MATCH && o->process_count == 1)
        return o->processes[0];
    if (err == -E_NO_SPAN && o->span_count == 1)
        return o->spans[0];
    return err == -E_NO_FUNCTION && o->callers ? o->callers : what;
}

bool options_unreadable(const struct options *o)
{
    return !o->output && o->format->binary && isatty(STDOUT_FILENO);
}
