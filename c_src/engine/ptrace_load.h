/**
 * @file ptrace_load.h
 * Does the machine have spare CPUs? On a saturated machine, a thread that we
 * stopped stays stopped until we get a CPU again, and may then have to wait for
 * a CPU itself.
 */
#ifndef CPROF_ENGINE_PTRACE_LOAD_H
#define CPROF_ENGINE_PTRACE_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PTRACE_LOAD_LOOKS = 20 };

/** The load of the machine during a short time. */
struct ptrace_load {
    unsigned cpus;
    unsigned runnable[PTRACE_LOAD_LOOKS]; /**< threads, except our own, that
                                               run or are ready, at each look */
    size_t looks;
    uint64_t wait_ns[PTRACE_LOAD_LOOKS]; /**< how long we waited for a CPU when
                                              we woke up for each look */
};

/** The number of runnable threads in the text of /proc/loadavg, including the
 *  one that reads it; pure. 0 when the text does not have it. */
unsigned ptrace_load_parse(const char *text, size_t len);
/** Observes the machine for about 60 ms; cpus is 0 when it is not known. */
void ptrace_load_look(struct ptrace_load *out);
/** Pure: were there more threads than CPUs at most looks, or did we wait for a
 *  CPU for long at more than a tenth of them? */
bool ptrace_load_saturated(const struct ptrace_load *load);

#endif
