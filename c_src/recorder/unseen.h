/**
 * @file unseen.h
 * Compares the CPU time that the kernel charged to the node, by kind of thread,
 * with the CPU time that the samples stand for, and explains the difference as
 * far as its causes were measured.
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

/** Begins to count, with the threads that exist now. 0 or -ENOMEM; unseen_close
 *  frees it. */
MUST_USE int unseen_open(pid_t pid, const struct threads *now,
                         struct unseen **out);
void unseen_close(struct unseen *u);
/** Takes in the threads that exist now and the CPU time that they have used. To
 *  be called at intervals. 0 or -ENOMEM. */
MUST_USE int unseen_look(struct unseen *u, const struct threads *now);
/** Counts a sample of a thread. */
void unseen_sample(struct unseen *u, const struct threads *threads,
                   const struct sample *s);
/** Sampling has ended: notes the node's final CPU time. To be called before the
 *  queued samples are processed. */
void unseen_stop(struct unseen *u);
/** What is known about missing samples. */
struct unseen_reasons {
    const struct engine_counters *engine;
    const struct engine_info *info;
    uint64_t untaken;   /**< samples that there was no time to process */
    uint64_t paused_ns; /**< how long cprof itself did not run */
};
/**
 * Puts the CPU time that was used and that was seen into the profile's meta. If
 * they differ by more than 2 % plus what chance explains, of all threads or of
 * a kind of thread, adds a note that says by how much and why (not if only a
 * part of the CPU time is sampled). To be called
 * when the profile's counters are final.
 * @return 0, or the profile's error
 */
MUST_USE int unseen_note(const struct unseen *u, struct profile *p,
                         const struct unseen_reasons *why);

/** CPU time that was used but not seen, by cause, in nanoseconds. */
struct unseen_gap {
    uint64_t used_ns, seen_ns, samples;
    uint64_t period_ns;          /**< CPU time that a sample stands for */
    uint64_t lost_ns, missed_ns; /**< samples that were not handed out */
    uint64_t untaken_ns; /**< samples that there was no time to process */
    bool paused;         /**< cprof itself did not run for a time */
    bool throttled;      /**< the kernel held samples back */
    uint64_t unarmed_ns; /**< on CPUs that had no event yet; an upper bound */
    uint64_t new_ns;     /**< of threads before they were noticed */
    uint64_t ended_ns;   /**< of threads after they were last looked at */
    uint64_t unweighted_ns; /**< of threads with so few samples that these
                                 would have to count too much */
    int64_t kinds[THREAD_OTHER + 1]; /**< used - seen, of the known threads */
    bool per_cpu;      /**< the events are on CPUs, not on threads */
    uint64_t switches; /**< times that one of the threads came onto a CPU */
};
/** Is the difference, of the sum or of a kind of thread, large enough to be
 *  reported? If so, writes the note into `line`, which may be changed anyway.
 *  Pure. */
bool unseen_explain(const struct unseen_gap *gap, char *line, size_t size);

#endif
