/**
 * @file pprof_gzip.h
 * Whole buffers to and from gzip. The one user of zlib.
 */
#ifndef CPROF_FORMATS_PPROF_GZIP_H
#define CPROF_FORMATS_PPROF_GZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/err.h"

bool pprof_gzip_is(const void *bytes, size_t len);
/** Appends the bytes, packed, to out. */
MUST_USE int pprof_gzip_pack(const void *bytes, size_t len, struct buffer *out);
/**
 * Appends what is packed in the bytes, at most out->max bytes in all:
 * -E_LIMIT beyond. -E_FORMAT when they are damaged or cut, or when what follows
 * is not gzip.
 */
MUST_USE int pprof_gzip_unpack(const void *bytes, size_t len,
                               struct buffer *out);

#endif
