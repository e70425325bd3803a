/**
 * @file readers.h
 * The unwinder and the symbols of an attached node, which use the same
 * mappings. Both a recording and a dump need them.
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

/** t is borrowed until readers_close, which must be called even after an error.
 *  0, -ENOMEM, or an error of unwinder_open or symbols_open. */
MUST_USE int readers_open(struct target_state *t, struct readers *out);
void readers_close(struct readers *r);
/** Call this when the node's mappings have changed; maps is borrowed until the
 *  next call. */
MUST_USE int readers_set_maps(struct readers *r, const struct maps *maps);
/** Reads in advance what the first samples need, which takes about 100 ms.
 *  @param kernel  also read the kernel's symbols */
void readers_prepare(struct readers *r, bool kernel);
/** Replaces an error that only says that something is forbidden by one that
 *  says why, according to our rights to that process. Other errors are returned
 *  unchanged. */
int readers_explain(int err, pid_t pid);

#endif
