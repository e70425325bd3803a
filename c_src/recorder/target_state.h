/**
 * @file target_state.h
 * Everything that is known about the observed node, kept up to date while it
 * runs: mappings, threads, code list, VM layout.
 */
#ifndef CPROF_RECORDER_TARGET_STATE_H
#define CPROF_RECORDER_TARGET_STATE_H

#include <stdint.h>

#include "base/deadline.h"
#include "base/err.h"
#include "target/atoms.h"
#include "target/collector.h"
#include "target/jit.h"
#include "target/layout.h"
#include "target/maps.h"
#include "target/memory.h"
#include "target/process.h"
#include "target/proctable.h"
#include "target/threads.h"

/** What samples are of. */
enum target_sampled { TARGET_THREADS, TARGET_PROCESSES, TARGET_SAMPLED };

struct target_state {
    struct process process;
    struct deadline until; /**< for all reads from the node; the owner sets it
                                for each piece of work */
    struct memory memory;
    struct maps maps;
    struct threads threads;
    struct jit *jit;
    struct layout layout;
    struct atoms *atoms;
    struct sample_code former_code; /**< head of the code list before the last
                                         change that was found */
    uint64_t former_read_at;        /**< when the list last had that head */
    unsigned looks;                 /**< calls of target_state_refresh */
    struct pace code_pace;          /**< for reading the code list again */
    /** Samples since the last read of the code list, for which the pace did not
     *  allow another read; and of those, the ones after which the next read
     *  found code removed or replaced. */
    uint64_t ahead[TARGET_SAMPLED], doubtful[TARGET_SAMPLED];
};

enum { TARGET_ATTACH_MS = 30000 };

/**
 * Opens a running node. Errors are those of process_open and jit_open, and
 * -E_TIME or -EINTR if `until` is over first. *t must stay where it is until
 * target_state_close.
 * @param until  copied; NULL: TARGET_ATTACH_MS from now
 */
MUST_USE int target_state_open(struct target_state *t, pid_t pid,
                               const struct deadline *until);
void target_state_close(struct target_state *t);
/** Opens the node's process table; the caller closes *out before t. Errors are
 *  those of proctable_open. */
MUST_USE int target_state_processes(struct target_state *t,
                                    struct proctable **out);
/** Finds the node's garbage collector, and waits up to 3 s for a node that has
 *  just started; returns as collector_find. */
MUST_USE int target_state_collector(struct target_state *t,
                                    struct collector *out);
enum { TARGET_NEW_THREADS = 1, TARGET_NEW_MAPS = 2 };
/**
 * Looks again at threads and mappings of code, and sometimes for parts of the
 * VM's layout that are not known yet. Returns flags of what changed, or a
 * negative error. With TARGET_NEW_MAPS, the former mappings are moved to
 * *old_maps: the caller must pass the new ones to everybody who borrows them,
 * and then free the old ones with maps_deinit.
 */
int target_state_refresh(struct target_state *t, struct maps *old_maps);
/**
 * Makes sure that the code list is known as it was when a sample was taken, as
 * far as code_pace allows: reading it may take at most half of the time. If
 * code_pace does not allow a read, `ahead` counts the sample.
 * @return the time for which to look up the sample's code: the sample's own, or
 *         one at which the list was read and was the same
 */
uint64_t target_state_code_at(struct target_state *t, const struct sample *s);

#endif
