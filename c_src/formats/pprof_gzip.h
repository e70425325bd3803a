/**
 * @file pprof_gzip.h
 * Compresses and decompresses whole buffers with gzip. Only this uses zlib.
 */
#ifndef CPROF_FORMATS_PPROF_GZIP_H
#define CPROF_FORMATS_PPROF_GZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/err.h"

bool pprof_gzip_is(const void *bytes, size_t len);
/** Appends the bytes, compressed, to out. 0, -ENOMEM or -E_LIMIT. */
MUST_USE int pprof_gzip_pack(const void *bytes, size_t len, struct buffer *out);
/**
 * Appends the decompressed bytes to out. 0; -E_LIMIT if out would become longer
 * than out->max; -E_FORMAT if the bytes are damaged or truncated, or if
 * something that is not gzip follows; -ENOMEM.
 */
MUST_USE int pprof_gzip_unpack(const void *bytes, size_t len,
                               struct buffer *out);

#endif
