/**
 * @file process_copy.h
 * Copies a process of one profile into another.
 */
#ifndef CPROF_PROFILE_PROCESS_COPY_H
#define CPROF_PROFILE_PROCESS_COPY_H

#include "base/err.h"
#include "profile/profile.h"

/** The id in `to` of a process of `from`, with all that is known of it now; or
 *  -ENOMEM or -E_LIMIT. It stands for as many processes as in `from`, or for
 *  more if it was in `to` already. */
MUST_USE int64_t process_copy(const struct profile *from, uint32_t process,
                              struct profile *to);

#endif
