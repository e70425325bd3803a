/**
 * @file readers.h
 * What reads stacks and names of an attached node, for a recording and for a
 * dump alike: the unwinder and the symbols, by the same mappings.
 */
#ifndef CPROF_RECORDER_READERS_H
#define CPROF_RECORDER_READERS_H

#include <sys/types.h>

#include "base/err.h"
#include "recorder/target_state.h"
#include "symbols/symbols.h"
#include "unwind/unwind.h"

struct readers {
    struct unwinder *unwinder; /**< NULL: not open */
    struct symbols *symbols;
};

/** t is borrowed until readers_close, which an error needs, too. 0, -ENOMEM,
 *  or what unwinder_open and symbols_open return. */
MUST_USE int readers_open(struct target_state *t, struct readers *out);
void readers_close(struct readers *r);
/** The node has other mappings now; borrowed until the next call. */
MUST_USE int readers_set_maps(struct readers *r, const struct maps *maps);
/** Reads now what the first samples would need, which takes some 100 ms.
 *  @param kernel  the kernel's symbols, too */
void readers_prepare(struct readers *r, bool kernel);
/** The reason of an error that only says that something is forbidden, by what
 *  we may do to that process; other errors stay as they are. */
int readers_explain(int err, pid_t pid);

#endif
