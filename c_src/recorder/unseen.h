/**
 * @file unseen.h
 * The CPU time that the kernel charged to the node, by kind of thread, beside
 * what the samples stand for; and the causes of the difference, as far as they
 * were measured.
 */
#ifndef CPROF_RECORDER_UNSEEN_H
#define CPROF_RECORDER_UNSEEN_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "engine/engine.h"
#include "profile/profile.h"
#include "target/sample.h"
#include "target/threads.h"

struct unseen;

/** Begins to count, with the threads that are there. 0 or -ENOMEM; unseen_close
 *  frees it. */
MUST_USE int unseen_open(pid_t pid, const struct threads *now,
                         struct unseen **out);
void unseen_close(struct unseen *u);
/** Threads have come and gone, and used CPU time. 0 or -ENOMEM. */
MUST_USE int unseen_look(struct unseen *u, const struct threads *now);
void unseen_sample(struct unseen *u, enum thread_kind kind,
                   const struct sample *s);
/** Sampling has ended: the node's CPU time is final. To be called before what
 *  is queued is handed out. */
void unseen_stop(struct unseen *u);
/** What is known of samples that are not there. */
struct unseen_reasons {
    const struct engine_counters *engine;
    const struct engine_info *info;
    uint64_t untaken;   /**< samples that there was no time to take */
    uint64_t paused_ns; /**< how long cprof itself stood still */
};
/**
 * What was used and seen goes into the profile's meta. Where they differ by
 * more than 2 % and what chance does, a note says by how much, of which kinds
 * of thread and why. To be called when the profile's counters are final.
 * @param all  is all CPU time sampled? Else there is no such note
 * @return 0, or the profile's error
 */
MUST_USE int unseen_note(const struct unseen *u, struct profile *p,
                         const struct unseen_reasons *why, bool all);

/** Of what was used and not seen, by cause, in nanoseconds. Pure. */
struct unseen_gap {
    uint64_t used_ns, seen_ns, samples;
    uint64_t period_ns;          /**< that a sample stands for */
    uint64_t lost_ns, missed_ns; /**< samples that were not handed out */
    uint64_t untaken_ns;         /**< samples that there was no time to take */
    bool paused;                 /**< cprof itself stood still for a time */
    bool throttled;              /**< the kernel held samples back */
    uint64_t unarmed_ns;         /**< CPUs that had no clock yet, at most */
    uint64_t new_ns;             /**< threads before they were noticed */
    uint64_t ended_ns;           /**< threads after they were last looked at */
    int64_t kinds[THREAD_OTHER + 1]; /**< used - seen, of threads known */
};
/** Is the difference large enough to be reported? Then `line` has the note. */
bool unseen_explain(const struct unseen_gap *gap, char *line, size_t size);

#endif
