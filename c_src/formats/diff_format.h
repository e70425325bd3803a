/**
 * @file diff_format.h
 * A comparison to bytes, as format.h is for a profile.
 */
#ifndef CPROF_FORMATS_DIFF_FORMAT_H
#define CPROF_FORMATS_DIFF_FORMAT_H

#include "base/buffer.h"
#include "base/err.h"
#include "formats/format.h"
#include "profile/diff.h"

struct diff_format {
    const char *name; /**< "text", "json", "html" */
    const char *extension;
    int (*write)(const struct diff *d, const struct format_options *o,
                 struct buffer *out);
};

extern const struct diff_format diff_format_text, diff_format_json,
    diff_format_html;

/** By name, or NULL. */
const struct diff_format *diff_format_by_name(const char *name);
/** By the longest extension that the path ends with, or NULL. */
const struct diff_format *diff_format_by_path(const char *path);

/**
 * Says in one sentence what changed: of `about` (usually diff_culprit() or
 * diff_above()), or, when it is NULL, that nothing did and what could have
 * been seen. Clean for a terminal; no line end.
 */
void diff_sentence_add(struct buffer *out, const struct diff *d,
                       const struct diff_function *about);

#endif
