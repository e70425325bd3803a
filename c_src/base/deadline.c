#include "base/deadline.h"

#include <errno.h>
#include <stddef.h>

#include "base/clock.h"

struct deadline deadline_in(uint64_t ms, const volatile sig_atomic_t *stop)
{
    return (struct deadline){clock_now_ns() + ms * NS_PER_MS, stop};
}

int deadline_check(const struct deadline *d)
{
    if (!d)
        return 0;
    if (d->stop && *d->stop)
        return -EINTR;
    bool over = d->end_ns != DEADLINE_NEVER && clock_now_ns() >= d->end_ns;
    return over ? -E_TIME : 0;
}

/* How much work (in ns) is allowed at now_ns: the credit that the last run
 * left, plus what the rest since then has earned. */
static int64_t credit_at(const struct pace *p, uint64_t now_ns)
{
    if (!p->ended_ns)
        return (int64_t)p->burst_ns;
    uint64_t rest = now_ns - p->ended_ns;
    int64_t credit = p->credit_ns + (int64_t)(rest / (p->share ? p->share : 1));
    return credit < (int64_t)p->burst_ns ? credit : (int64_t)p->burst_ns;
}

static uint64_t work_ns(const struct pace *p)
{
    return p->of_cpu ? clock_ns_of(CLOCK_THREAD_CPUTIME_ID) : clock_now_ns();
}

bool pace_begin(struct pace *p)
{
    uint64_t now = clock_now_ns();
    if (p->ended_ns && !p->hurried && now - p->ended_ns < p->pause_ns)
        return false;
    int64_t credit = credit_at(p, now);
    if (credit < 0)
        return false;
    p->credit_ns = credit;
    p->began_ns = work_ns(p);
    p->hurried = false;
    return true;
}

void pace_hurry(struct pace *p)
{
    p->hurried = true;
}

void pace_end(struct pace *p)
{
    p->ended_ns = clock_now_ns();
    p->credit_ns -= (int64_t)(work_ns(p) - p->began_ns);
}
