/**
 * @file watch_write.h
 * What `cprof watch` reports (profile/watch_event.h), as a line of text or of
 * JSON.
 */
#ifndef CPROF_FORMATS_WATCH_WRITE_H
#define CPROF_FORMATS_WATCH_WRITE_H

#include "base/buffer.h"
#include "base/err.h"
#include "profile/watch_event.h"

/** Appends a line for people: the time, the kind, and the rest. */
void watch_write_text(const struct watch_event *e, struct buffer *out);
/** Appends an object of JSON on one line. 0 or -E_LIMIT. */
MUST_USE int watch_write_json(const struct watch_event *e, struct buffer *out);

#endif
