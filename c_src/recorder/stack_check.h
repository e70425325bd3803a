/**
 * @file stack_check.h
 * Whose allocation it is when a collection begins because a function needs room
 * for its stack frame. What has filled the heap is then something else, unless
 * the function, or one that is called like it, also allocates.
 */
#ifndef CPROF_RECORDER_STACK_CHECK_H
#define CPROF_RECORDER_STACK_CHECK_H

#include "recorder/frames.h"
#include "unwind/unwind.h"

enum stack_check {
    STACK_CHECK_OWN,    /**< the innermost function's: it asks for room on the
                             heap, now or elsewhere in its code, as a recursion
                             that builds a list does on its way back */
    STACK_CHECK_CALLER, /**< its caller's, who has built the arguments: the
                             function never asks for room on the heap */
    STACK_CHECK_NOBODY, /**< the caller does not either */
};

/** @param leaf  index in u->list of the innermost address in a module's code,
 *               from which the collection was called */
enum stack_check stack_check(struct frames *frames, const struct unwound *u,
                             size_t leaf, uint64_t time_ns);

#endif
