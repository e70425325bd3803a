/**
 * @file crowd.h
 * Decides which processes have their own row: a node may start a million
 * processes of a kind during a recording, and no table may grow by each of
 * them.
 *
 * The first CROWD_ALONE processes of a kind have their own rows. All later ones
 * are one crowd, of which only the size is kept. A process of the crowd that is
 * seen again and again is not short-lived: it leaves the crowd and has its own
 * row from then on.
 */
#ifndef CPROF_PROFILE_CROWD_H
#define CPROF_PROFILE_CROWD_H

#include <stdint.h>

#include "base/err.h"

enum {
    CROWD_ALONE = 256,     /* processes of a kind */
    CROWD_SEEN_OFTEN = 64, /* samples of one process */
};

/** What processes have in common: the terms of their initial call. */
struct crowd_kind {
    uint64_t initial[3];
};

struct crowd;

MUST_USE int crowd_open(struct crowd **out);
void crowd_close(struct crowd *c);
/**
 * A sample of a process without a row of its own.
 * @param pid  tells processes apart
 * @return CROWD_ITS_OWN: give it one, and do not ask again; else the number
 *         (from 0) of the crowd that it belongs to; or -ENOMEM, -E_LIMIT
 */
enum { CROWD_ITS_OWN = INT32_MAX };
MUST_USE int crowd_place(struct crowd *c, const struct crowd_kind *kind,
                         uint64_t pid);
/** How many different processes were in crowd n; see distinct.h. */
uint64_t crowd_members(const struct crowd *c, uint32_t n);

#endif
