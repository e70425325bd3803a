/**
 * @file census.h
 * The Erlang processes that were seen: from a struct Process in the node to
 * the profile's id. What a process is, by its name, its initial call and its
 * dictionary, is read when it is seen first, and again each time it has been
 * seen twice as often: a process that was just made does not say yet what it
 * is. Of many unnamed ones with the same initial call only the first have a
 * row of their own (profile/crowd.h).
 */
#ifndef CPROF_RECORDER_CENSUS_H
#define CPROF_RECORDER_CENSUS_H

#include "base/err.h"
#include "profile/profile.h"
#include "recorder/target_state.h"
#include "target/sample.h"

struct census;

/** Both are borrowed until census_close. 0 or -ENOMEM. */
MUST_USE int census_open(struct target_state *target, struct profile *profile,
                         struct census **out);
void census_close(struct census *c);
/**
 * @param c_p  address of a struct Process, 0: none
 * @param at_sample  what the sample says of its process; may be all 0
 * @return the profile's id; -E_NOT_FOUND when there is none or it cannot be
 *         made out; or the profile's error
 */
MUST_USE int64_t census_process(struct census *c, uint64_t c_p,
                                const struct sample_process *at_sample);

/** The row of the process with that pid, as it is now; of one that has ended
 *  the pid alone is known. Or the profile's error. */
MUST_USE int64_t census_owner(struct census *c, uint64_t pid);

/** To be called when sampling is over: reads once more what could not be read
 *  yet, for 300 ms at most. 0 or the profile's error. */
MUST_USE int census_settle(struct census *c);

#endif
