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
#include "target/jit.h"
#include "target/layout.h"
#include "target/maps.h"
#include "target/memory.h"
#include "target/process.h"
#include "target/threads.h"

struct target_state {
    struct process process;
    struct deadline until; /**< of all that is read of the node; whoever owns
                                this sets it for each piece of work */
    struct memory memory;
    struct maps maps;
    struct threads threads;
    struct jit *jit;
    struct layout layout;
    struct atoms *atoms;
    struct sample_code former_code; /**< head of the list before the last read
                                         that found a change */
    uint64_t former_read_at;        /**< when it was last read as that */
    unsigned looks;                 /**< target_state_refresh was called */
    struct pace code_pace;          /**< of reading the code list again */
    uint64_t ahead;                 /**< samples since the last such read whose
                                         code was not read again for the pace */
    uint64_t doubtful;              /**< of those, the ones after which code was
                                         found to be removed or replaced */
};

enum { TARGET_ATTACH_MS = 30000 };

/**
 * Opens a running node; see process_open and jit_open for the errors.
 * @param until  -E_TIME or -EINTR when it is over first; NULL: for
 *               TARGET_ATTACH_MS. Copied; *t must stay where it is.
 */
MUST_USE int target_state_open(struct target_state *t, pid_t pid,
                               const struct deadline *until);
void target_state_close(struct target_state *t);
enum { TARGET_NEW_THREADS = 1, TARGET_NEW_MAPS = 2 };
/**
 * Looks again at threads and mappings of code, and now and then for what is
 * not known yet of the VM's layout. Flags of what changed, or a
 * negative error. With TARGET_NEW_MAPS the former mappings are moved to
 * *old_maps: whoever borrows them must be told of the new ones before the
 * caller lets go of the old ones (maps_deinit).
 */
int target_state_refresh(struct target_state *t, struct maps *old_maps);
/**
 * Makes sure that the code list is known as it was when a sample was taken,
 * as far as the time for that allows: reading it takes half of the time at
 * most. Where it does not, `ahead` counts the sample.
 * @return the time to look its code up at: the sample's own, or one at which
 *         the list was read and was the same
 */
uint64_t target_state_code_at(struct target_state *t, const struct sample *s);

#endif
