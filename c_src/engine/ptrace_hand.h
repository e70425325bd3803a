/**
 * @file ptrace_hand.h
 * A thread of ours that does all ptrace(2) work. To the kernel the tracer is a
 * thread, not a process, and the end of a tracer is the one way to let go of a
 * thread that has not stopped: so when a stop does not come in time the hand
 * ends, and another takes its place. It also is the only one that needs the
 * highest priority.
 */
#ifndef CPROF_ENGINE_PTRACE_HAND_H
#define CPROF_ENGINE_PTRACE_HAND_H

#include "base/err.h"

struct ptrace_hand;

/** Runs in the hand. -ETIMEDOUT ends the hand, so that the kernel lets go of
 *  everything that it still holds. */
typedef int ptrace_hand_job(void *arg);

/** While one is open SIGCHLD is blocked in the calling thread, which must be
 *  the only one: the hand waits for it. 0 or -errno. */
MUST_USE int ptrace_hand_open(struct ptrace_hand **out);
/** NULL is fine. To be called by the thread that opened it. */
void ptrace_hand_close(struct ptrace_hand *h);
/** Waits for the job; returns what it did, or -EAGAIN when there is no new
 *  hand to be had. */
MUST_USE int ptrace_hand_do(struct ptrace_hand *h, ptrace_hand_job *job,
                            void *arg);

#endif
