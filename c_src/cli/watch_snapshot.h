/**
 * @file watch_snapshot.h
 * A snapshot of the node (recorder/snapshot_read.h), taken by a child process:
 * it takes more than a second, for which the flight recorder cannot wait.
 */
#ifndef CPROF_CLI_WATCH_SNAPSHOT_H
#define CPROF_CLI_WATCH_SNAPSHOT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/err.h"

struct watch_snapshot {
    pid_t node;  /**< 0: none was asked for */
    pid_t child; /**< 0: none */
    int fd;
    struct buffer bytes;
    bool ended;
    int err; /**< why it could not be begun, or not be kept */
};

/** Begins to take it. If that fails, or node is 0, it has ended without one. */
void watch_snapshot_start(struct watch_snapshot *s, pid_t node);
/** Takes what there is. Has it ended? */
bool watch_snapshot_poll(struct watch_snapshot *s);
/**
 * The snapshot as JSON and as text, views that live until watch_snapshot_stop.
 * @return 0, or why there is none: -E_TIME: it has not ended; -E_LIMIT: it is
 *         too large; -E_SHORT: the child did not get to the end, or there is
 *         none; or the error of snapshot_read, or of starting the child
 */
MUST_USE int watch_snapshot_take(const struct watch_snapshot *s,
                                 struct buffer *json, struct buffer *text);
/** "there is no snapshot: ...", if one was asked for and there is none; NULL
 *  otherwise. It is in `text`. */
enum { WATCH_SNAPSHOT_WHY = 160 };
const char *watch_snapshot_why(const struct watch_snapshot *s,
                               char text[static WATCH_SNAPSHOT_WHY]);
/** Ends the child, and frees what it said. */
void watch_snapshot_stop(struct watch_snapshot *s);

#endif
