/**
 * @file words.h
 * Sizes, rates and shares for people. Those in sentences and wide tables are
 * spelled as the node's own snapshot spells them (lib/base/cprof_words.erl).
 */
#ifndef CPROF_FORMATS_WORDS_H
#define CPROF_FORMATS_WORDS_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/figure.h"

/** "1.25 MB": powers of 1024, three digits. */
void words_bytes(struct buffer *out, uint64_t bytes);
/** "3.5", "-1,204": per second. */
void words_rate(struct buffer *out, double rate);
/** "12.5": a share in percent. */
void words_percent(struct buffer *out, double share);
/** "1.0 s" */
void words_seconds(struct buffer *out, double ms);

/* --- in few columns, for tables on a screen ------------------------------- */

enum { WORDS_SHORT = 32 };

/** "12345", "123k", "1.2M": at most five columns; "-" for FIGURE_UNKNOWN. */
void words_short_count(char text[WORDS_SHORT], uint64_t n);
/** The same in bytes, with powers of 1024: "1.2M". */
void words_short_bytes(char text[WORDS_SHORT], uint64_t n);
/** The same for a rate, which may have decimals: "0.4", "1.2k"; "-" for NAN. */
void words_short_rate(char text[WORDS_SHORT], double per_s);
/** A rate with its sign: "+12", "-0.4", "0". */
void words_short_growth(char text[WORDS_SHORT], double per_s);
/** "12 s", "12 min 31 s", "3 h 05 min", "2 d 04 h". */
void words_time(char text[WORDS_SHORT], uint64_t seconds);

#endif
