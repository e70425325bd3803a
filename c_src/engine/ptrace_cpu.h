/**
 * @file ptrace_cpu.h
 * To look at a thread while it runs we must be on another CPU.
 */
#ifndef CPROF_ENGINE_PTRACE_CPU_H
#define CPROF_ENGINE_PTRACE_CPU_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/ptrace_clock.h"

/** May the calling thread use one CPU only? */
bool ptrace_cpu_is_one(void);
/** The CPU in the text of a stat file; pure. -1 when it is not there. */
int ptrace_cpu_parse(const void *text, size_t len);
/** Leaves the CPU that the thread runs on, if it is ours. @return true when
 *  we have moved: time has passed, so look at the thread again */
bool ptrace_cpu_give_way(const struct ptrace_clock_files *f);

#endif
