/**
 * @file dump_read.h
 * One look at all processes of a node, from attach to result, from outside and
 * without stopping anything: target/proctable.h reads them, what is alike is
 * put together (dump_gather.h) and named once.
 */
#ifndef CPROF_RECORDER_DUMP_READ_H
#define CPROF_RECORDER_DUMP_READ_H

#include <sys/types.h>

#include "base/err.h"
#include "profile/dump.h"

/**
 * The caller owns *out.
 * @return 0; an error of target_state_open; -E_LAYOUT: this VM's process table
 *         was not recognised; -E_TIME: it took longer than 60 s; -E_GONE
 */
MUST_USE int dump_read(pid_t pid, struct dump **out);

#endif
