/**
 * @file ptrace_cpu.h
 * To sample a thread at a moment that does not depend on what it does, we take
 * its CPU from it with a timer on that CPU. A thread that is asked to stop from
 * another CPU runs on for some microseconds, and would be found far too often
 * in a system call that it makes during that time.
 */
#ifndef CPROF_ENGINE_PTRACE_CPU_H
#define CPROF_ENGINE_PTRACE_CPU_H

#include <stddef.h>

#include "engine/ptrace_clock.h"

/** The CPU in the text of a stat file; pure. -1 when there is none. */
int ptrace_cpu_parse(const void *text, size_t len);
/** The CPU that the thread runs on or ran on last; 0 when it is not known. */
int ptrace_cpu_of(const struct ptrace_clock_files *f);
/** Moves the calling thread to that CPU, if it may run there, and sleeps for a
 *  random time, mostly below 200 us. Afterwards the thread that had been
 *  running there is ready to run, but does not run. */
void ptrace_cpu_take(int cpu);

#endif
