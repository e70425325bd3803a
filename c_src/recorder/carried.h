/**
 * @file carried.h
 * Bytes whose allocator is not on the stack, because the heap was full when a
 * function needed room for its stack frame. They are counted with the next
 * sample of the process that has an allocator. Functions that allocate more are
 * more likely to be in that sample, so the shares stay right.
 */
#ifndef CPROF_RECORDER_CARRIED_H
#define CPROF_RECORDER_CARRIED_H

#include "base/err.h"
#include "profile/profile.h"

struct carried;

/** 0 or -ENOMEM.
 *  @param to  the profile of the event; borrowed until carried_close */
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
