/**
 * @file ptrace_cpu.h
 * To see where a thread is at a moment that it did not choose, we take its CPU
 * from it with a timer on that CPU. A thread that is asked to stop from another
 * CPU runs on for some microseconds, and so would be found far too often in a
 * system call that it makes during that time.
 */
#ifndef CPROF_ENGINE_PTRACE_CPU_H
#define CPROF_ENGINE_PTRACE_CPU_H

#include <stddef.h>

#include "engine/ptrace_clock.h"

/** The CPU in the text of a stat file; pure. -1 when it is not there. */
int ptrace_cpu_parse(const void *text, size_t len);
/** The CPU that the thread runs on or ran on last; 0 when that is not known. */
int ptrace_cpu_of(const struct ptrace_clock_files *f);
/** Moves the calling thread to that CPU, if it is one it may use, and sleeps
 *  there for a random moment, mostly below 200 us. Who ran there then does not
 *  run now, but still is ready to. */
void ptrace_cpu_take(int cpu);

#endif
