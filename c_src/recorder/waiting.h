/**
 * @file waiting.h
 * What a process was doing at a sample of the event wall: the stack at which it
 * waits, and its state. A leaf frame says what it waits for, because no
 * function does:
 *
 *   [waits for my_server]   an answer of that process (asks.h); an unnamed one
 *                           is shown as [waits for <0.123.0> (db_worker)]
 *   [waits for port tcp_inet 127.0.0.1:5432], [waits for socket]
 *                           no process, but a port or a socket (port_waits.h)
 *   [receive ... after]     only a timer: it sleeps (sleeps.h)
 *   [runnable]              a scheduler
 *   [suspended]             until it is resumed
 *   [running], [gc], [exiting]  it did not wait: its stack is not known
 *   [changed while it was read]  it waited at one moment, and ran soon after
 *   [not there when it was read]  it had ended, or was not complete yet
 *
 * A process that waits for a message in its main loop is idle (main_loop.h).
 * Otherwise its state is waiting.
 *
 * In a node that records itself, some processes work for the recording
 * (own_pids.h). They are left out, and so is a process while it waits for an
 * answer of one of them: without the recording it would not do that.
 */
#ifndef CPROF_RECORDER_WAITING_H
#define CPROF_RECORDER_WAITING_H

#include "base/err.h"
#include "profile/profile.h"
#include "recorder/census.h"
#include "recorder/frames.h"
#include "recorder/naming.h"
#include "recorder/target_state.h"
#include "unwind/unwind.h"

struct waiting;

/** All are borrowed until waiting_close. 0 or -ENOMEM. */
MUST_USE int waiting_open(struct target_state *target, struct frames *frames,
                          struct census *census, struct profile *profile,
                          struct waiting **out);
void waiting_close(struct waiting *w);
/** Sets the processes that work for the recording; see own_pids_set. */
MUST_USE int waiting_leave_out(struct waiting *w, const char *const *pids,
                               size_t count);
/**
 * @param s  of a process; its time_ns is one for which the code list is known
 * @param u  its stack, if s has one
 * @return 0; 1: the sample is to be left out, and out says nothing; or the
 *         profile's error
 */
MUST_USE int waiting_name(struct waiting *w, const struct sample *s,
                          const struct unwound *u, struct named *out);
/** The processes that others wait for, those that most wait for at least; valid
 *  until the next call of waiting_name. Returns how many. */
size_t waiting_watched(const struct waiting *w, const uint64_t **pids);

#endif
