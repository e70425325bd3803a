/**
 * @file dump_read.h
 * Reads all processes of a node once, from attach to result. It works from
 * outside and stops nothing: target/proctable.h reads the processes, and
 * dump_gather.h groups those that are alike, so that each group is named once.
 */
#ifndef CPROF_RECORDER_DUMP_READ_H
#define CPROF_RECORDER_DUMP_READ_H

#include <sys/types.h>

#include "base/err.h"
#include "profile/dump.h"

/**
 * The caller owns *out.
 * @return 0; an error of target_state_open; -E_LAYOUT: this VM's process table
 *         was not recognised; -E_TIME: it took longer than 60 s; -E_GONE: the
 *         node ended
 */
MUST_USE int dump_read(pid_t pid, struct dump **out);

#endif
