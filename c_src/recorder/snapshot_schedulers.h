/**
 * @file snapshot_schedulers.h
 * How much CPU time the threads of a node's schedulers used, from what the
 * kernel counts (engine/schedstat.h). A scheduler that finds nothing to do
 * searches for work for a while, so this is more than its work.
 */
#ifndef CPROF_RECORDER_SNAPSHOT_SCHEDULERS_H
#define CPROF_RECORDER_SNAPSHOT_SCHEDULERS_H

#include "base/err.h"
#include "profile/snapshot.h"
#include "target/threads.h"

struct snapshot_clock; /* of one thread */

struct snapshot_clocks {
    pid_t pid;
    struct snapshot_clock *list;
    size_t count;
};

/** Reads the clocks of all schedulers. 0 or -ENOMEM; deinit in any case. */
MUST_USE int snapshot_clocks_start(struct snapshot_clocks *c, pid_t pid,
                                   const struct threads *threads);
/** Reads them again, and sets s->schedulers. 0 or -ENOMEM. */
MUST_USE int snapshot_clocks_stop(const struct snapshot_clocks *c,
                                  struct snapshot *s);
void snapshot_clocks_deinit(struct snapshot_clocks *c);

#endif
