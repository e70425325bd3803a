#include "recorder/paused.h"

#include <signal.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "engine/schedstat.h"

static volatile sig_atomic_t continued;

static void on_continue(int number)
{
    (void)number;
    continued++;
}

/* How long this thread had a CPU or waited for one, in ns; 0 if the kernel does
 * not account for it. */
static uint64_t ran(void)
{
    struct buffer text;
    struct schedstat c = {.cpu_ns = 0};
    buffer_init(&text, 4096);
    if (buffer_read_file(&text, "/proc/thread-self/schedstat") != 0 ||
        schedstat_parse(text.data, text.len, &c) != 0)
        c = (struct schedstat){.cpu_ns = 0};
    buffer_deinit(&text);
    return c.cpu_ns + c.wait_ns;
}

void paused_begin(struct paused *p)
{
    const struct sigaction action = {.sa_handler = on_continue,
                                     .sa_flags = SA_RESTART};
    sigaction(SIGCONT, &action, NULL);
    *p = (struct paused){.looked_ns = clock_now_ns(),
                         .ran_ns = ran(),
                         .continued = (unsigned)continued};
}

void paused_see(struct paused *p, uint64_t now_ns, uint64_t ran_ns)
{
    uint64_t gap = now_ns - p->looked_ns, had = ran_ns - p->ran_ns;
    if (gap > had && gap - had >= PAUSED_LEAST_MS * NS_PER_MS)
        p->total_ns += gap - had;
    p->looked_ns = now_ns;
    p->ran_ns = ran_ns;
}

void paused_look(struct paused *p)
{
    uint64_t now_ns = clock_now_ns();
    if (now_ns - p->looked_ns >= PAUSED_LOOK_MS * NS_PER_MS)
        paused_see(p, now_ns, ran());
}

int paused_note(const struct paused *p, struct profile *profile)
{
    char line[200];
    if (p->total_ns == 0)
        return 0;
    snprintf(
        line, sizeof(line),
        "cprof itself %s for about %.1f s of the recording; samples of that "
        "time are missing where the rings had no room for them",
        p->continued != (unsigned)continued
            ? "was stopped by a signal"
            : "did not run (frozen, in a debugger, or waiting in the kernel)",
        (double)p->total_ns / (double)NS_PER_S);
    profile_counters_edit(profile)->paused_ms = p->total_ns / NS_PER_MS;
    return profile_note(profile, line);
}
