/**
 * @file own_pids.h
 * The processes of a node that work for the recording of this node itself: the
 * one that owns the port to cprof, and those that only wait for the recording.
 */
#ifndef CPROF_RECORDER_OWN_PIDS_H
#define CPROF_RECORDER_OWN_PIDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "target/layout.h"

enum { OWN_PIDS = 4, OWN_PIDS_TEXT = 64 };

/** All 0: there are none. */
struct own_pids {
    char texts[OWN_PIDS][OWN_PIDS_TEXT];
    uint64_t terms[OWN_PIDS]; /**< 0: it was not met yet */
    size_t count;
};

/** @param texts  such as "<0.123.0>", as the node itself writes them
 *  @return 0; -EINVAL if there are too many or one is too long */
MUST_USE int own_pids_set(struct own_pids *o, const char *const *texts,
                          size_t count);
/** Is the process with this pid term (0: not known) one of them? l is the
 * node's layout. */
bool own_pids_has(struct own_pids *o, const struct layout *l, uint64_t pid);

#endif
