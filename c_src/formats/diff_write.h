/**
 * @file diff_write.h
 * A comparison to bytes: what formats have as their write_diff (format.h), and
 * the sentence that all of them show.
 */
#ifndef CPROF_FORMATS_DIFF_WRITE_H
#define CPROF_FORMATS_DIFF_WRITE_H

#include "formats/format.h"

MUST_USE int diff_text_write(const struct diff *d,
                             const struct format_options *o,
                             struct buffer *out);
MUST_USE int diff_json_write(const struct diff *d,
                             const struct format_options *o,
                             struct buffer *out);
MUST_USE int html_diff_write(const struct diff *d,
                             const struct format_options *o,
                             struct buffer *out);

/**
 * Says in one sentence what changed: of `about` (usually diff_culprit() or
 * diff_above()), or, when it is NULL, that nothing did and what could have
 * been seen. Clean for a terminal; no line end.
 */
void diff_sentence_add(struct buffer *out, const struct diff *d,
                       const struct diff_function *about);

#endif
