#include "recorder/outside.h"

#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>

enum { WAIT_DEPTH = 2 }; /* erts_schedule, scheduler_wait */

static const struct outside scheduling = {.state = STATE_SCHEDULING};
static const struct outside unknown = {.state = STATE_SCHEDULER};

static struct outside idle(enum idle_part part)
{
    return (struct outside){STATE_IDLE, part};
}

/* Does the poll wait for events? A poll that only checks for them counts as
 * work, as in the VM's microstate accounting: schedulers that have work poll in
 * this way from time to time. */
static bool poll_waits(const struct sample *s)
{
    switch (s->system_call) {
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
        return (int32_t)s->regs.r[REGS_R10] != 0;
    case SYS_poll:
        return (int32_t)s->regs.r[REGS_RDX] != 0;
    default:
        return (s->scheduler.sleep & SAMPLE_WAITS) != 0;
    }
}

static bool is_poll(int64_t number)
{
    return number == SYS_epoll_wait || number == SYS_epoll_pwait ||
           number == SYS_epoll_pwait2 || number == SYS_poll ||
           number == SYS_ppoll || number == SYS_select ||
           number == SYS_pselect6;
}

/* A futex call that wakes another thread is work; one that sleeps is not. */
static bool is_futex_wait(const struct sample *s)
{
    int op = (int)s->regs.r[REGS_RSI] & FUTEX_CMD_MASK;
    return s->system_call == SYS_futex &&
           (op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET);
}

static bool by_system_call(const struct sample *s, struct outside *out)
{
    if (s->system_call == SYS_sched_yield)
        *out = idle(IDLE_YIELD);
    else if (is_futex_wait(s))
        *out = idle(IDLE_SLEEP);
    else if (is_poll(s->system_call))
        *out = poll_waits(s) ? idle(IDLE_POLL) : scheduling;
    else
        return false;
    return true;
}

/* The sample has no data of the VM, so only sched_yield counts as idle: no
 * scheduler that has work calls it. */
static struct outside by_code(const struct outside_code *code)
{
    return strcmp(code->leaf, "sched_yield") == 0 ? idle(IDLE_YIELD) : unknown;
}

/* The scheduler waits, but neither polls nor sleeps: it keeps looking for work
 * in scheduler_wait, which erts_schedule calls. Deeper frames mean that it does
 * other work in between, such as timers that are due or requests from other
 * threads. */
static struct outside awake(const struct outside_code *code)
{
    if (strcmp(code->leaf, "sched_yield") == 0)
        return idle(IDLE_YIELD);
    if (!code->whole)
        return idle(IDLE_UNKNOWN);
    return code->depth <= WAIT_DEPTH ? idle(IDLE_BUSY_WAIT) : scheduling;
}

struct outside outside_of(const struct sample *s,
                          const struct outside_code *code)
{
    const struct sample_scheduler *own = &s->scheduler;
    struct outside out;
    if (own->port)
        return (struct outside){.state = STATE_PORT};
    if (by_system_call(s, &out))
        return out;
    if (!own->has_sleep)
        return by_code(code);
    if (!(own->sleep & SAMPLE_WAITS))
        return scheduling;
    if (own->sleep & SAMPLE_POLLS)
        return idle(IDLE_POLL);
    if (own->sleep & SAMPLE_SLEEPS)
        return idle(IDLE_SLEEP);
    return awake(code);
}
