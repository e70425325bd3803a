#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "formats/words.h"

void progress_begin(struct progress *p, bool wanted, uint64_t seconds_asked)
{
    *p = (struct progress){
        .shown = wanted && isatty(STDERR_FILENO),
        .seconds_asked = seconds_asked,
    };
}

/* The rate over about the last second; the first time, after a quarter of a
 * second. */
static void update_rate(struct progress *p, uint64_t elapsed_ns,
                        uint64_t samples)
{
    uint64_t span = elapsed_ns - p->since_ns;
    bool first = p->since_ns == 0;
    if (span < (first ? NS_PER_S / 4 : NS_PER_S))
        return;
    p->rate =
        (double)(samples - p->since_samples) * (double)NS_PER_S / (double)span;
    p->since_ns = elapsed_ns;
    p->since_samples = samples;
}

void progress_text(struct progress *p, uint64_t elapsed_ns, uint64_t samples,
                   uint64_t lost, char *text, size_t size)
{
    uint64_t seconds = elapsed_ns / NS_PER_S;
    char time[WORDS_SHORT];
    update_rate(p, elapsed_ns, samples);
    if (p->seconds_asked)
        seconds = seconds < p->seconds_asked ? p->seconds_asked - seconds : 0;
    words_time(time, seconds);
    snprintf(text, size,
             "%s%s, %.0f samples/s, %" PRIu64 " lost; Ctrl-C ends it", time,
             p->seconds_asked ? " left" : "", p->rate, lost);
}

void progress_show(struct progress *p, uint64_t elapsed_ns, uint64_t samples,
                   uint64_t lost)
{
    char text[128];
    if (!p->shown)
        return;
    progress_text(p, elapsed_ns, samples, lost, text, sizeof(text));
    fprintf(stderr, "\r%s\033[K", text);
}

void progress_end(struct progress *p)
{
    if (p->shown)
        fprintf(stderr, "\r\033[K");
}
