/**
 * @file perf_breakpoint.h
 * Breakpoints of the CPU (its debug registers) as events of the kernel, which
 * run a BPF program. Nothing of the node is changed, and nothing can be left
 * behind: an event ends with its descriptor, also when we are killed.
 *
 * An x86 CPU has four. They are for all programs: what a debugger uses is
 * missing here.
 */
#ifndef CPROF_ENGINE_PERF_BREAKPOINT_H
#define CPROF_ENGINE_PERF_BREAKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum perf_breakpoint_kind {
    PERF_BREAKPOINT_REACHED, /**< user code is about to run the instruction at
                                  the address */
    PERF_BREAKPOINT_WRITTEN, /**< it has written to the 8 bytes there */
};

/** Where a breakpoint is heard: on a CPU, or in the calling thread. */
enum { PERF_BREAKPOINT_THREAD = -1 };

/**
 * Opens a disabled breakpoint.
 * @param cpu      for everything that runs there, or PERF_BREAKPOINT_THREAD
 * @param addr     in each process; a multiple of 8 for _WRITTEN
 * @param program  descriptor of a loaded program
 * @return a descriptor; -E_NO_BREAKPOINTS: the machine has none;
 *         -E_BREAKPOINTS_USED: all are in use; -E_BPF_DENIED; or -errno
 */
MUST_USE int perf_breakpoint_open(enum perf_breakpoint_kind kind, int cpu,
                                  uint64_t addr, int program);
/** Moves a breakpoint _WRITTEN and leaves it disabled. 0 or -errno. */
MUST_USE int perf_breakpoint_move(int fd, uint64_t addr);
/** Enables it, and lets the kernel disable it after so many more hits for which
 *  the program returns 1 (before Linux 6.10: whatever it returns) than it was
 *  ever allowed. 0 or -errno. */
MUST_USE int perf_breakpoint_allow(int fd, unsigned hits);

/**
 * What it costs a thread to run into a breakpoint, apart from the time that the
 * program says it took. Measured on a function of our own, with the program, in
 * some milliseconds of CPU time.
 * @param selective  set to: are only those hits counted by
 * perf_breakpoint_allow for which the program returns 1? The program must
 * return 0
 * @return 0, or an error of perf_breakpoint_open
 */
MUST_USE int perf_breakpoint_cost(int program, double *ns, bool *selective);

#endif
