/**
 * @file crowd.h
 * Decides which processes get their own row: a node may start a million
 * processes of a kind during a recording, and no table may grow with each of
 * them.
 *
 * The first CROWD_ALONE processes of a kind get their own rows. All later ones
 * form one crowd, of which only the size is kept. A process of the crowd that
 * is seen CROWD_SEEN_OFTEN times is not short-lived: it leaves the crowd and
 * has its own row from then on.
 */
#ifndef CPROF_PROFILE_CROWD_H
#define CPROF_PROFILE_CROWD_H

#include <stdint.h>

#include "base/err.h"

enum {
    CROWD_ALONE = 256, /* processes of a kind, unless crowd_allow says more */
    CROWD_SEEN_OFTEN = 64, /* samples of one process */
};

/** What processes of a kind have in common: the terms of their initial call. */
struct crowd_kind {
    uint64_t initial[3];
};

struct crowd;

MUST_USE int crowd_open(struct crowd **out);
void crowd_close(struct crowd *c);
/** From now on, that many processes of a kind get their own rows. */
void crowd_allow(struct crowd *c, uint32_t alone);
/**
 * To be called for each sample of a process that has no row of its own.
 * @param pid  identifies the process
 * @return CROWD_ITS_OWN: give the process a row, and do not ask about it again;
 *         or the number (from 0) of the crowd that it belongs to; or -ENOMEM or
 *         -E_LIMIT
 */
enum { CROWD_ITS_OWN = INT32_MAX };
MUST_USE int crowd_place(struct crowd *c, const struct crowd_kind *kind,
                         uint64_t pid);
/** How many different processes were in crowd n, estimated as in distinct.h. */
uint64_t crowd_members(const struct crowd *c, uint32_t n);

#endif
