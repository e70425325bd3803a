/**
 * @file watch_pending.h
 * A recording of `cprof watch` that has been asked for and is not written yet:
 * the flight recorder has what was before, some seconds are still to come, and
 * a snapshot is being taken meanwhile.
 */
#ifndef CPROF_CLI_WATCH_PENDING_H
#define CPROF_CLI_WATCH_PENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/watch_files.h"
#include "recorder/flight.h"

/** How much longer than the recording its snapshot may take. For that time, the
 *  flight recorder must keep more than the recording. */
enum { WATCH_SNAPSHOT_S = 30 };

/** What the recordings of a run of the verb have in common; borrowed. */
struct watch_place {
    const struct options *options;
    struct watch_say *say;
    struct watch_series series;
};

struct watch_pending {
    bool on;
    uint64_t fired_ns, fired_unix_ns, end_ns;
    char stem[OUTPUT_SERIES_STEM];
    struct watch_snapshot snapshot;
};

/** Begins one, of now.
 *  @param node  of which a snapshot is taken; 0: of none
 *  @param word  for its name */
void watch_pending_begin(struct watch_pending *p,
                         const struct watch_place *place, pid_t node,
                         const char *word);
/** Takes what there is of the snapshot. Is it time to write? */
bool watch_pending_is_due(struct watch_pending *p);
/** Writes it, reports that or why it could not be written, and ends it. 0, or
 *  the error of reporting (watch_say): nobody hears what the watch does. */
MUST_USE int watch_pending_write(struct watch_pending *p,
                                 const struct watch_place *place,
                                 struct flight *flight);

#endif
