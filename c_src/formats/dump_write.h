/**
 * @file dump_write.h
 * A dump to bytes: what formats have as their write_dump (format.h).
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
