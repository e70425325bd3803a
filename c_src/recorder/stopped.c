#include "recorder/stopped.h"

#include <stdio.h>

#include "base/clock.h"
#include "target/process.h"

void stopped_see(struct stopped *s, char state, uint64_t now_ns)
{
    bool now = state == 'T';
    uint64_t gap = s->looked_ns ? now_ns - s->looked_ns : 0;
    /* If only one of two looks saw it stopped, half of the time between them
     * counts. */
    s->total_ns += now && s->now ? gap : now || s->now ? gap / 2 : 0;
    s->now = now;
    s->looked_ns = now_ns;
}

void stopped_look(struct stopped *s, pid_t pid, uint64_t now_ns)
{
    struct process_stat stat;
    if (process_stat_read(pid, &stat) == 0)
        stopped_see(s, stat.state, now_ns);
}

int stopped_note(const struct stopped *s, struct profile *p)
{
    if (s->total_ns == 0 && !s->now)
        return 0;
    uint64_t ms = s->total_ns / NS_PER_MS;
    char line[160];
    snprintf(line, sizeof(line),
             "the node was stopped by a signal for about %.1f s of the "
             "recording%s",
             (double)s->total_ns / (double)NS_PER_S,
             s->now ? " and still is; `kill -CONT` resumes it" : "");
    profile_counters_edit(p)->stopped_ms = ms ? ms : 1;
    return profile_note(p, line);
}
