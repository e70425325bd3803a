/**
 * @file at_rest.h
 * Turns the stack of a process that does not run into a stack of the profile.
 * Its leaf is the function in which the process will continue; a process on a
 * dirty scheduler has the BIF or NIF that it called as its leaf.
 */
#ifndef CPROF_RECORDER_AT_REST_H
#define CPROF_RECORDER_AT_REST_H

#include "base/err.h"
#include "base/procstate.h"
#include "profile/profile.h"
#include "recorder/frames.h"
#include "unwind/unwind.h"

struct at_rest { /* borrowed */
    struct frames *frames;
    struct profile *profile;
    uint64_t time_ns; /**< at which code is named */
};

/** @param list  the addresses, leaf first; none if it is hibernated or has not
 *               begun to run
 *  @return the stack's id, or the profile's error */
MUST_USE int64_t at_rest_stack(const struct at_rest *to, enum procstate state,
                               const struct address *list, size_t count);
/** A frame that is no function: "[runnable]". Its id, or the profile's error.
 *  @param most  as in struct frame */
MUST_USE int64_t at_rest_frame(struct profile *p, const char *name,
                               uint32_t most);
/** A stack with a frame more, which is no function: "[runnable]".
 *  @param stack  PROFILE_NONE: none so far; an error is returned unchanged */
MUST_USE int64_t at_rest_push(struct profile *p, int64_t stack,
                              const char *name);

#endif
