/**
 * @file alloc_collection.h
 * What the record of a collection says about the heap of its process. Pure.
 */
#ifndef CPROF_ENGINE_ALLOC_COLLECTION_H
#define CPROF_ENGINE_ALLOC_COLLECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "engine/alloc_pick.h"
#include "engine/alloc_words.h"
#include "engine/bpf_sample.h"
#include "target/collector.h"

/** What the BPF program copies of a process: all fields must be in the head of
 *  the Process that it has. 0 or -E_COLLECTOR. */
MUST_USE int alloc_collection_fields(const struct collector_fields *at,
                                     const struct layout *l,
                                     struct bpf_collector *out);

/** A fragment often has 8 words or less, and each one that is passed over costs
 *  a hit. */
enum { ALLOC_FRAGMENT_WORDS = 256 };

struct alloc_collection {
    struct alloc_heap heap;
    struct alloc_bytes
        bytes; /**< new ones; all 0 if its process is not known */
    struct alloc_left left;
    uint64_t newest_fragment; /**< its words; it may have been counted at an
                                   earlier collection that did not take place
                               */
};

/** @param record  that bpf_sample_read has accepted
 *  @param s       what it made of it */
struct alloc_collection alloc_collection_read(const struct bpf_record *record,
                                              const struct collector_fields *at,
                                              const struct sample *s);
/** Sets what the collection stands for by its words on the heap, and where
 * these are.
 *  @param of  owner, record and len are set */
void alloc_collection_offer_block(const struct alloc_collection *c,
                                  double weight, struct alloc_picked *of);
/** The same for its words in fragments. A word is chosen from as many of the
 *  next ones as there were, but not from more than ALLOC_FRAGMENT_WORDS, unless
 *  the newest fragment has more. A fragment that is larger than what is left of
 *  the heap makes a collection necessary. Many small ones may lie between two
 *  of this kind, and must not be taken for them. */
void alloc_collection_offer_beside(const struct alloc_collection *c,
                                   const struct collector_fields *at,
                                   double weight, struct alloc_picked *of);
/** Makes *s a sample of the process.
 *  @param weight  how often the collection counts
 *  @param random  state of random_next: counts are rounded at random, so that
 *                 their sums are right
 *  @return false: it says nothing about the process; *s is unchanged */
bool alloc_collection_sample(const struct alloc_collection *c, double weight,
                             uint64_t *random, struct sample *s);

#endif
