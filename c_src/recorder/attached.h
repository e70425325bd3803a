/**
 * @file attached.h
 * A node whose processes are read from outside, and what is needed to name
 * what they do: a dump and a snapshot work on one.
 */
#ifndef CPROF_RECORDER_ATTACHED_H
#define CPROF_RECORDER_ATTACHED_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "profile/dump.h"
#include "recorder/census.h"
#include "recorder/frames.h"
#include "recorder/readers.h"
#include "recorder/target_state.h"

struct attached {
    struct target_state target;
    struct readers readers;
    struct frames *frames;
    struct census *census;
    struct proctable *table;
    struct dump *dump; /**< gets what is named */
};

/**
 * Attaches to a node and creates a dump, which says already of which node.
 * *a must stay where it is until attached_close, which must also be called
 * after an error.
 * @return 0; an error of target_state_open; -E_LAYOUT: this VM's process table
 *         was not recognised; -ENOMEM or -E_LIMIT
 */
MUST_USE int attached_open(pid_t pid, struct attached *a);
/** @param kept  where the dump goes; NULL: it is destroyed */
void attached_close(struct attached *a, struct dump **kept);
/** The time for all that follows is limited. */
void attached_limit(struct attached *a, unsigned ms);
/** A time for which the code list is known to be as it is now. */
uint64_t attached_code_now(struct attached *a);
/** An error as the user should see it: the node has ended, or it may not be
 *  read for a certain reason. To be called before attached_close. */
int attached_explain(const struct attached *a, pid_t pid, int err);

#endif
