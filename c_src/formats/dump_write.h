/**
 * @file dump_write.h
 * Writes a dump as bytes: the write_dump functions of formats (format.h).
 */
#ifndef CPROF_FORMATS_DUMP_WRITE_H
#define CPROF_FORMATS_DUMP_WRITE_H

#include "formats/format.h"

MUST_USE int dump_text_write(const struct dump *d,
                             const struct format_options *o,
                             struct buffer *out);
MUST_USE int dump_json_write(const struct dump *d,
                             const struct format_options *o,
                             struct buffer *out);

#endif
