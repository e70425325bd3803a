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

/** What a short look at the machine showed. */
struct ptrace_load {
    unsigned cpus;
    unsigned runnable[PTRACE_LOAD_LOOKS]; /**< threads that run or would, but
                                               for our own, at each look */
    size_t looks;
    uint64_t wait_ns[PTRACE_LOAD_LOOKS]; /**< how long we waited for a CPU when
                                              we woke, before each look */
};

/** Runnable threads in the text of /proc/loadavg, the one that reads it
 *  included; pure. 0 when they are not in it. */
unsigned ptrace_load_parse(const char *text, size_t len);
/** Looks for about 60 ms; cpus is 0 when nothing can be known. */
void ptrace_load_look(struct ptrace_load *out);
/** Pure: more threads than CPUs at most looks, or we waited long at a tenth of
 *  them. */
bool ptrace_load_saturated(const struct ptrace_load *load);

#endif
