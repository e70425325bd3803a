/**
 * @file snapshot_write.h
 * Writes a snapshot as bytes: the write_snapshot functions of formats
 * (format.h).
 */
#ifndef CPROF_FORMATS_SNAPSHOT_WRITE_H
#define CPROF_FORMATS_SNAPSHOT_WRITE_H

#include "formats/format.h"

MUST_USE int snapshot_text_write(const struct snapshot *s,
                                 const struct format_options *o,
                                 struct buffer *out);
MUST_USE int snapshot_json_write(const struct snapshot *s,
                                 const struct format_options *o,
                                 struct buffer *out);

#endif
