/**
 * @file proctable_batch.h
 * Several processes read together, with a few system calls for all of them.
 * Included only by proctable.c and by tests.
 */
#ifndef CPROF_TARGET_PROCTABLE_BATCH_H
#define CPROF_TARGET_PROCTABLE_BATCH_H

#include "target/proctable.h"

enum {
    PROCTABLE_BATCH = 128,
    PROCTABLE_STRUCT_MAX = 1024, /* bytes; a Process has under 800 */
};

enum proctable_result {
    PROCTABLE_SEEN,
    PROCTABLE_TORN,
    PROCTABLE_UNREADABLE,
    PROCTABLE_ENDED,
    PROCTABLE_BEING_MADE,
};

struct proctable_item {
    uint32_t slot;                    /**< set by the caller */
    struct proctable_process process; /**< the caller sets only its address */
    enum proctable_result result;
};

struct proctable_batch {
    const struct layout *layout; /**< borrowed, like `memory` */
    const struct memory *memory;
    uint64_t normal_exit;
    bool old_ids; /**< pid terms have the format from before OTP 26 */
    struct procfigures_places places;
    size_t bytes; /**< of a struct, that are read */
    struct proctable_item items[PROCTABLE_BATCH];
    size_t count;
    struct proctable_copies *copies;
};

/** Finds the places of the figures. 0, -ENOMEM, or a memory error. */
MUST_USE int proctable_batch_open(struct proctable_batch *b,
                                  const struct layout *l,
                                  const struct memory *m, uint64_t normal_exit,
                                  bool old_ids);
void proctable_batch_close(struct proctable_batch *b);
/** Reads the `count` items; their pointers are valid until the next call.
 *  Returns 0, or a memory error. */
MUST_USE int proctable_batch_read(struct proctable_batch *b);

#endif
