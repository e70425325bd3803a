/**
 * @file census.h
 * The Erlang processes that were sampled: maps a struct Process in the node to
 * the profile's id of that process. Its name, initial call and dictionary are
 * read at its first sample, and again each time the number of its samples has
 * doubled, because a process that was just created does not have this
 * information yet. If many unnamed processes have the same initial call, only
 * the first of them get a row of their own (profile/crowd.h).
 */
#ifndef CPROF_RECORDER_CENSUS_H
#define CPROF_RECORDER_CENSUS_H

#include "base/err.h"
#include "profile/profile.h"
#include "recorder/target_state.h"
#include "target/sample.h"

struct census;

/** Both are borrowed until census_close. 0 or -ENOMEM.
 *  @param profile  the first one of the recording, which has all its events */
MUST_USE int census_open(struct target_state *target, struct profile *profile,
                         struct census **out);
void census_close(struct census *c);
/**
 * For a sample of a thread.
 * @param event  the event that it is of
 * @param c_p  address of a struct Process, 0: none
 * @param at_sample  what the sample says about its process; may be all 0
 * @return the profile's id; -E_NOT_FOUND if there is no process or it cannot be
 *         identified; or the profile's error
 */
MUST_USE int64_t census_process(struct census *c, enum event event,
                                uint64_t c_p,
                                const struct sample_process *at_sample);

/** The same for a sample of a process. */
MUST_USE int64_t census_at_rest(struct census *c, const struct sample *s);

/** The row of the process with this pid, as it is now, for a sample of that
 *  event; if it has ended, only its pid is known. Or the profile's error. */
MUST_USE int64_t census_owner(struct census *c, enum event event, uint64_t pid);

/** From now on every process has a row of its own, however many there are: for
 *  a profile that is renewed before it grows large. */
void census_all_alone(struct census *c);

/** The pid term of the process of a sample of a thread, as census_process finds
 *  it; 0: not known. */
uint64_t census_term(const struct census *c, uint64_t c_p,
                     const struct sample_process *at_sample);

/** The pid term of the process with that row; 0: the census has not met it. */
uint64_t census_pid(const struct census *c, uint32_t row);

/** To be called when sampling is over: tries again, for 300 ms at most, to read
 *  what could not be read so far. 0 or the profile's error. */
MUST_USE int census_settle(struct census *c);

#endif
