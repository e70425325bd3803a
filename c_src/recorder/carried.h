/**
 * @file carried.h
 * Bytes whose allocator is not on the stack: the heap met its end because a
 * stack grew. They are counted with the process's next sample that has an
 * allocator: who that is, is as likely as it allocates.
 */
#ifndef CPROF_RECORDER_CARRIED_H
#define CPROF_RECORDER_CARRIED_H

#include "base/err.h"
#include "profile/profile.h"

struct carried;

/** @param to  the profile of the event; borrowed until carried_close */
MUST_USE int carried_open(struct profile *to, struct carried **out);
void carried_close(struct carried *c);
/** Keeps the values of a row for later. 0, -ENOMEM, or the profile's error. */
MUST_USE int carried_keep(struct carried *c, const struct profile_sample *row,
                          const uint64_t *values);
/** Adds to the values of a row what is kept for its process. */
void carried_join(struct carried *c, const struct profile_sample *row,
                  uint64_t *values);
/** No more samples will come: what is still kept is counted for the row that it
 *  came with. 0, or the profile's error. */
MUST_USE int carried_settle(struct carried *c);

#endif
