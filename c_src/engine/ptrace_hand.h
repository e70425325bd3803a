/**
 * @file ptrace_hand.h
 * The hand: a forked process that does all ptrace(2) work. The end of the
 * tracer is the only certain way to release a thread, and it must not be the
 * end of cprof. So the kernel kills the hand when it holds a thread for too
 * long (ptrace_limit.h), and another hand takes its place. The hand has its own
 * process group, so that keys of a terminal and signals to our group do not
 * reach it; it blocks all signals that can be blocked, and has the highest
 * priority that it may have. It ends with us, however we end.
 *
 * A hand sees ordinary memory as it was when the hand was forked, but memory
 * from ptrace_hand_memory as it is now.
 */
#ifndef CPROF_ENGINE_PTRACE_HAND_H
#define CPROF_ENGINE_PTRACE_HAND_H

#include <stddef.h>

#include "base/err.h"

struct ptrace_hand;

/** Runs in the hand. -ETIMEDOUT ends the hand, so that the kernel lets go of
 *  everything that it still holds. It must neither block for long nor
 *  print. */
typedef int ptrace_hand_job(void *arg);

/** Memory that we share with hands that are forked later, zeroed; NULL when
 *  there is none. */
void *ptrace_hand_memory(size_t bytes);
/** Frees such memory; it may be NULL. */
void ptrace_hand_forget(void *memory, size_t bytes);

/** Does not start the process yet. 0 or -errno. */
MUST_USE int ptrace_hand_open(struct ptrace_hand **out);
/** h may be NULL. */
void ptrace_hand_close(struct ptrace_hand *h);
/** The next job gets a new hand. Needed after files were opened or shared
 *  memory was created that jobs use. */
void ptrace_hand_renew(struct ptrace_hand *h);
/**
 * Runs a job in the hand and waits for it.
 * @return the result of the job, or
 *   -ETIMEDOUT  the hand ended during the job, or did not answer for 500 ms and
 *               was killed; no thread is held
 *   -errno      no hand could be started
 */
MUST_USE int ptrace_hand_do(struct ptrace_hand *h, ptrace_hand_job *job,
                            void *arg);

#endif
