#include "report/report.h"
#include "report/report_keys.h"

/* Null if it is not known. */
static void natural_if(struct sink *s, const char *key, bool known,
                       uint64_t value)
{
    if (known)
        sink_natural(s, key, value);
    else
        sink_null(s, key);
}

static void row(const struct profile *p, const struct garbage *g,
                const struct garbage_row *of, struct sink *s)
{
    const struct profile_process *process = profile_process_at(p, of->process);
    sink_object(s, NULL);
    sink_text(s, KEY_NAME, garbage_name(g, of));
    sink_text(s, profile_meta_keys.pid,
              of->together ? "" : profile_text(p, process->pid));
    sink_natural(s, KEY_PROCESSES, of->processes);
    sink_natural(s, KEY_ALLOCATED, of->allocated);
    natural_if(s, "survived_bytes", of->minor > 0, of->survived);
    sink_natural(s, "collections", of->collections);
    sink_natural(s, "survival_known", of->minor);
    sink_integer(s, "heap_grew_bytes", garbage_growth(of));
    sink_end(s);
}

void report_garbage(const struct profile *p, const struct garbage *g,
                    struct sink *s)
{
    if (profile_event(p) != EVENT_ALLOC)
        return;
    sink_list(s, "garbage");
    for (size_t i = 0; i < g->count; i++)
        row(p, g, &g->rows[i], s);
    sink_end(s);
}
