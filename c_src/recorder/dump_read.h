/**
 * @file dump_read.h
 * Reads what a node does once, from attach to result. It works from outside and
 * stops nothing (unless the engine asked for does): dump_threads.h looks at the
 * threads, target/proctable.h reads the processes, and dump_gather.h groups
 * those that are alike, so that each group is named once.
 */
#ifndef CPROF_RECORDER_DUMP_READ_H
#define CPROF_RECORDER_DUMP_READ_H

#include <sys/types.h>

#include "base/err.h"
#include "profile/dump.h"
#include "recorder/dump_threads.h"

/**
 * The caller owns *out.
 * @return 0; an error of target_state_open, or of the engine asked for;
 *         -E_LAYOUT: this VM's process table was not recognised; -E_TIME: it
 *         took longer than 60 s; -E_GONE: the node ended
 */
MUST_USE int dump_read(pid_t pid, const struct dump_how *how,
                       struct dump **out);

#endif
