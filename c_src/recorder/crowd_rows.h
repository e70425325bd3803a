/**
 * @file crowd_rows.h
 * The processes of one event that have no row of their own (profile/crowd.h):
 * the row of the profile that each of their crowds has. Those of one event are
 * not counted in the report of another.
 */
#ifndef CPROF_RECORDER_CROWD_ROWS_H
#define CPROF_RECORDER_CROWD_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "profile/crowd.h"
#include "profile/profile.h"

struct crowd_rows {
    struct profile *profile; /**< of the event; borrowed */
    struct crowd *crowd;
    uint32_t *rows; /**< by crowd: row of the profile, or PROFILE_NONE */
    size_t count, cap;
};

/** r is zeroed, except the profile. 0 or -ENOMEM. */
MUST_USE int crowd_rows_open(struct crowd_rows *r);
void crowd_rows_close(struct crowd_rows *r);
/** PROFILE_NONE: the crowd has no row yet. */
uint32_t crowd_rows_find(const struct crowd_rows *r, uint32_t crowd);
/** Sets the row of a crowd, and the number of processes for which the row
 *  stands. 0, -ENOMEM, or the profile's error. */
MUST_USE int crowd_rows_set(struct crowd_rows *r, uint32_t crowd, uint32_t row);

#endif
