/**
 * @file pprof_spans.h
 * Stores how long spans took (profile/span_times.h), for which pprof has no
 * field, in the string before the last one of the table; nothing refers to it.
 * It is written only if there are spans:
 *
 *   cprof.spans=  one line per span from 1 on: parent TAB ended TAB nanoseconds
 *                 TAB cut TAB durations TAB name, where durations are
 *                 "bucket:count" with commas between, and the name is escaped
 *                 as in pprof_comments.h
 *
 * A sample has a label `span` for each span that it is in, the outermost first.
 */
#ifndef CPROF_FORMATS_PPROF_SPANS_H
#define CPROF_FORMATS_PPROF_SPANS_H

#include "base/buffer.h"
#include "base/err.h"
#include "profile/profile.h"

/** Appends the string, ended by a NUL; nothing if there are no spans. 0 or
 *  -ENOMEM. */
MUST_USE int pprof_spans_write(const struct profile *p, struct buffer *out);
/** Reads such a string into p; skips any other. -E_FORMAT if it is damaged; or
 *  -ENOMEM, -E_LIMIT. */
MUST_USE int pprof_spans_read(struct profile *p, const char *text, size_t len);

#endif
