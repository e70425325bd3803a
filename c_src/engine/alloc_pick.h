/**
 * @file alloc_pick.h
 * Chooses ALLOC_PICKS of the collections that are offered, each time with a
 * probability that is proportional to the bytes that a collection stands for.
 * So each one that is chosen stands for the same share of all bytes. A large
 * collection may be chosen several times. Pure.
 *
 * A collection that is chosen may have to wait for longer than until the next
 * choice. Then it is kept, or replaced by what is chosen then, again with
 * probabilities that are proportional to the bytes of both, and stands for the
 * bytes of both. If the last one were always taken, then processes that collect
 * often would get the bytes of those that collect seldom, but more at a time.
 */
#ifndef CPROF_ENGINE_ALLOC_PICK_H
#define CPROF_ENGINE_ALLOC_PICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "engine/alloc_weights.h"

enum { ALLOC_PICKS = 8 };

struct alloc_picked {
    uint64_t owner;     /**< the struct of its process */
    uint64_t from, to;  /**< the addresses that were filled since the last one,
                             at least one word; of fragments: of the word in
                             which its process counts theirs */
    uint64_t fragments; /**< 0: it is chosen for its words on the heap. Else for
                             those in fragments: from so many of the next ones,
                             one is to be found */
    double bytes;       /**< that it stands for (bytes times weight), above 0 */
    uint64_t collection; /**< which one it is: copies have the same number */
    struct alloc_charged charged; /**< to its stack so far */
    uint8_t *record;              /**< of the program; owned, if it is a copy */
    size_t len, cap;
};

struct alloc_pick {
    struct alloc_picked list[ALLOC_PICKS];
    double all;                   /**< bytes of all that were offered */
    struct alloc_picked returned; /**< one of those that were returned, with the
                                       bytes of all; len 0: there are none */
    uint64_t random;
};

/** Frees a copy. */
void alloc_picked_deinit(struct alloc_picked *p);

void alloc_pick_init(struct alloc_pick *p, uint64_t seed);
void alloc_pick_deinit(struct alloc_pick *p);
/** Offers a collection; its record is copied if it is chosen. 0 or -ENOMEM. */
MUST_USE int alloc_pick_offer(struct alloc_pick *p,
                              const struct alloc_picked *of);
/** Was anything offered? */
bool alloc_pick_any(const struct alloc_pick *p);
/** One that was chosen, which does not stand for its bytes in the end: those
 *  that are chosen next do. If none is chosen any more, p->returned does: one
 *  of all that were returned, with probabilities that are proportional to their
 *  bytes.
 *  @param of  left with a len of 0, and with a record that can be reused */
void alloc_pick_return(struct alloc_pick *p, struct alloc_picked *of);
/** Ends the choice, and begins the next one. If anything was offered, then each
 *  place of `to` has a collection afterwards.
 *  @param to  those with a len above 0 still wait; the records of the others
 *             are reused */
void alloc_pick_take(struct alloc_pick *p, struct alloc_picked to[ALLOC_PICKS]);

#endif
