/**
 * @file snapshot_name.h
 * From the lists of pids and figures to rows that name the processes, and say
 * what they do.
 */
#ifndef CPROF_RECORDER_SNAPSHOT_NAME_H
#define CPROF_RECORDER_SNAPSHOT_NAME_H

#include "base/err.h"
#include "profile/snapshot.h"
#include "recorder/attached.h"
#include "recorder/snapshot_gather.h"

/** Takes the sums, fills the lists and names processes of all groups.
 *  g->sums are sorted. The node's dump must not be named yet: what processes
 *  are called is read for a limited time, first of those in these lists. 0,
 *  -ENOMEM or -E_LIMIT. */
MUST_USE int snapshot_name_rows(struct snapshot *s,
                                const struct snapshot_gather *g,
                                const struct attached *node);
/** When the dump is named: says what the processes in the lists do, and where
 *  groups wait. 0, -ENOMEM or -E_LIMIT. */
MUST_USE int snapshot_name_places(struct snapshot *s,
                                  const struct snapshot_gather *g,
                                  const struct attached *node);

#endif
