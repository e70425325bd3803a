/**
 * @file resident.h
 * How much memory of a process is resident, as the kernel counts it.
 */
#ifndef CPROF_RECORDER_RESIDENT_H
#define CPROF_RECORDER_RESIDENT_H

#include <stdint.h>
#include <sys/types.h>

/** Bytes; FIGURE_UNKNOWN: it has ended, or /proc does not say. */
uint64_t resident_bytes(pid_t pid);

#endif
