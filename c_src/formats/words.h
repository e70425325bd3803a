/**
 * @file words.h
 * Sizes, rates and shares for people, spelled as the node's own snapshot spells
 * them (lib/base/cprof_words.erl).
 */
#ifndef CPROF_FORMATS_WORDS_H
#define CPROF_FORMATS_WORDS_H

#include <stdint.h>

#include "base/buffer.h"

/** "1.25 MB": powers of 1024, three digits. */
void words_bytes(struct buffer *out, uint64_t bytes);
/** "3.5", "-1,204": per second. */
void words_rate(struct buffer *out, double rate);
/** "12.5": a share in percent. */
void words_percent(struct buffer *out, double share);
/** "1.0 s" */
void words_seconds(struct buffer *out, double ms);

#endif
