/**
 * @file own_priority.h
 * A little more priority for the thread that samples, if that is permitted:
 * what it has to do in time comes late if the node and others use all CPUs, and
 * then busy moments are sampled less than others. At nice -20 the kernel would
 * count this thread as 86 others, and move the machine's other load to the
 * node's CPU.
 */
#ifndef CPROF_ENGINE_OWN_PRIORITY_H
#define CPROF_ENGINE_OWN_PRIORITY_H

#include <errno.h>
#include <stdbool.h>
#include <sys/resource.h>

enum { OWN_PRIORITY_NICE = -5 };

/** All 0: not raised. */
struct own_priority {
    bool raised;
    int before;
};

static inline void own_priority_raise(struct own_priority *p)
{
    errno = 0;
    p->before = getpriority(PRIO_PROCESS, 0);
    p->raised = errno == 0 && p->before > OWN_PRIORITY_NICE &&
                setpriority(PRIO_PROCESS, 0, OWN_PRIORITY_NICE) == 0;
}

static inline void own_priority_restore(struct own_priority *p)
{
    if (p->raised)
        setpriority(PRIO_PROCESS, 0, p->before);
    p->raised = false;
}

#endif
