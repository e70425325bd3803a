/**
 * @file own_priority.h
 * More priority for the thread that samples, if that is permitted. What it has
 * to do in time comes late if the node and others use all CPUs, and then busy
 * moments are sampled less than others.
 */
#ifndef CPROF_ENGINE_OWN_PRIORITY_H
#define CPROF_ENGINE_OWN_PRIORITY_H

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/resource.h>

enum { OWN_PRIORITY_NICE = -5 };

/** All 0: as it was. */
struct own_priority {
    bool raised, is_first;
    int before; /**< nice value */
};

/** A little: at nice -20 the kernel would count this thread as 86 others, and
 *  move the machine's other load to the node's CPU. */
static inline void own_priority_raise(struct own_priority *p)
{
    errno = 0;
    p->before = getpriority(PRIO_PROCESS, 0);
    p->raised = errno == 0 && p->before > OWN_PRIORITY_NICE &&
                setpriority(PRIO_PROCESS, 0, OWN_PRIORITY_NICE) == 0;
}

/** Real-time priority: the thread gets a CPU as soon as it wants one. Only for
 *  what takes microseconds, again and again. A thread that is not of the normal
 *  class already stays as it is. */
static inline void own_priority_be_first(struct own_priority *p)
{
    const struct sched_param lowest = {.sched_priority = 1};
    p->is_first =
        sched_getscheduler(0) == SCHED_OTHER &&
        sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &lowest) == 0;
}

static inline void own_priority_restore(struct own_priority *p)
{
    const struct sched_param normal = {.sched_priority = 0};
    if (p->is_first)
        sched_setscheduler(0, SCHED_OTHER, &normal);
    if (p->raised)
        setpriority(PRIO_PROCESS, 0, p->before);
    p->raised = p->is_first = false;
}

#endif
