/**
 * @file diff_write.h
 * Writes a comparison as bytes: the write_diff functions of formats (format.h),
 * and the sentence that all of them show.
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
 * Appends one sentence that says how `about` changed (usually diff_culprit() or
 * diff_above()). If `about` is NULL, it names a function whose total changed,
 * or says that nothing changed and how large a change could have stayed
 * unnoticed. The sentence is safe for a terminal and has no full stop and no
 * line end.
 */
void diff_sentence_add(struct buffer *out, const struct diff *d,
                       const struct diff_function *about);

#endif
