/**
 * @file blocks_sentence.h
 * What a report says, in words, about where schedulers are blocked
 * (profile/blocks.h). Names come from the observed node, so they are written in
 * the form of utf8_show.
 */
#ifndef CPROF_REPORT_BLOCKS_SENTENCE_H
#define CPROF_REPORT_BLOCKS_SENTENCE_H

#include "base/buffer.h"
#include "profile/blocks.h"

/** Who is named in the sentence. */
enum blocks_kind {
    BLOCKS_NONE,   /**< nobody: there is hardly any blocked time */
    BLOCKS_DIRTY,  /**< dirty schedulers, which exist for that */
    BLOCKS_NORMAL, /**< normal schedulers: no other process can run there */
};

enum blocks_kind blocks_kind_of(const struct profile *p,
                                const struct blocks *b);
/** "none", "dirty" or "normal". */
const char *blocks_kind_name(enum blocks_kind kind);
/** One sentence: how long schedulers were blocked, on average, where most of
 *  that was, and the longest wait. */
void blocks_sentence_add(struct buffer *out, const struct profile *p,
                         const struct blocks *b);

#endif
