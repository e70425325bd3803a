/**
 * @file mailbox.h
 * What the messages in a process's mailbox take, as process_info(P, memory)
 * counts them. A message that was not received yet may be on the heap, or in
 * memory of its own (erts/emulator/beam/erl_message.h):
 *
 *   0 next, 8 data, 16 term, 24 token, 32 from    struct erl_mesg
 *   40 next, 48 off_heap, 64 alloc_size, 72 used_size    its heap fragment, if
 *     data is 1. If data is 0, the message is on the heap, or a single word;
 *     otherwise data points to a fragment elsewhere. Fragments form a list.
 *
 * The term tells a message from other signals in the same queue.
 *
 * The messages are followed one by one while the node runs, which may free them
 * meanwhile. A walk that comes to the last message of the queue, as the
 * process's struct had it, went through the queue: what takes the place of a
 * message that was freed does not lead there. Of a long mailbox only the oldest
 * part is followed. That is valid if its oldest message is still the oldest one
 * afterwards.
 */
#ifndef CPROF_TARGET_MAILBOX_H
#define CPROF_TARGET_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "target/layout.h"
#include "target/memory.h"
#include "target/procfigures.h"

struct mailbox {
    uint64_t messages;   /**< that were followed */
    uint64_t data_words; /**< of them, outside the heap */
    bool at_least; /**< there is more: not all were followed, or some came from
                        another node and were not decoded yet */
};

/** {first, last} of a queue, as struct Process has them. */
struct mailbox_queue {
    uint64_t first; /**< a message; 0: the queue is empty */
    uint64_t last;  /**< the place of the pointer that ends the queue: in the
                         last message, where it is the first word */
};

/** Bytes of each message besides its data: struct erl_mesg. */
enum { MAILBOX_MESSAGE_BYTES = 88 };

/**
 * Reads the mailbox of a process.
 * @param at    proctable_places
 * @param pid   term
 * @param most  messages; a longer mailbox is followed only so far
 * @return 0; -E_LAYOUT: the places are not known; -E_NOT_FOUND: there is no
 *         such process; -E_TORN: it changed too much to be followed; or a
 *         memory error
 */
MUST_USE int mailbox_read(const struct layout *l, const struct memory *m,
                          const struct procfigures_places *at, uint64_t pid,
                          uint64_t most, struct mailbox *out);

/** What the messages take. @param length  of the mailbox, of which only a part
 *  may have been followed */
uint64_t mailbox_bytes(const struct mailbox *b, uint64_t length);

/**
 * Adds the messages of a queue.
 * @param most  messages of *out; a longer queue is followed only so far
 * @return 0; 1 if it is longer; -E_TORN if the queue changed too much to be
 *         followed; or a memory error. After an error *out means nothing.
 */
MUST_USE int mailbox_add(const struct memory *m, const struct mailbox_queue *q,
                         uint64_t most, struct mailbox *out);

#endif
