/**
 * @file proctable_batch.h
 * Some processes read together: a few calls of the system for all. Included by
 * proctable.c and by tests only.
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
    struct proctable_process process; /**< likewise its address */
    enum proctable_result result;
};

struct proctable_batch {
    const struct layout *layout; /**< borrowed, as memory is */
    const struct memory *memory;
    uint64_t normal_exit;
    bool old_ids; /**< terms as before OTP 26 */
    struct proctable_item items[PROCTABLE_BATCH];
    size_t count;
    struct proctable_copies *copies;
};

MUST_USE int proctable_batch_open(struct proctable_batch *b,
                                  const struct layout *l,
                                  const struct memory *m, uint64_t normal_exit,
                                  bool old_ids);
void proctable_batch_close(struct proctable_batch *b);
/** Reads the `count` items; what they point to is valid until the next time.
 *  0, or the memory's error when nothing could be read. */
MUST_USE int proctable_batch_read(struct proctable_batch *b);

#endif
