/**
 * @file snapshot_read.h
 * Reads the figures of a node from outside, twice, a second apart: most figures
 * are those of the second reading, and rates are from the first one to it. It
 * stops nothing.
 */
#ifndef CPROF_RECORDER_SNAPSHOT_READ_H
#define CPROF_RECORDER_SNAPSHOT_READ_H

#include <sys/types.h>

#include "base/err.h"
#include "profile/snapshot.h"

enum { SNAPSHOT_TOP = 10 }; /**< rows of each list, unless asked otherwise */

/**
 * The caller owns *out.
 * @param top  rows of each list; 0: SNAPSHOT_TOP; at most LARGEST_ROOM
 * @return 0; an error of target_state_open; -E_LAYOUT: this VM's process table
 *         was not recognised; -E_TIME: it took longer than 60 s; -E_GONE: the
 *         node ended
 */
MUST_USE int snapshot_read(pid_t pid, unsigned top, struct snapshot **out);

#endif
