/**
 * @file output_stream.h
 * Writes in place what cannot be replaced by a rename: standard output, pipes,
 * devices, and open descriptors (/dev/stdout). A signal that has a handler ends
 * a wait for the other side with -EINTR; one that has none ends the program as
 * usual.
 */
#ifndef CPROF_OUTPUT_OUTPUT_STREAM_H
#define CPROF_OUTPUT_OUTPUT_STREAM_H

#include "base/buffer.h"
#include "output/output_place.h"

/** 0; -errno: writing is not permitted; -E_NO_FILE: a socket or a disk. Opens
 *  nothing, because the reader of a pipe would see the end of its input. */
MUST_USE int output_stream_check(const struct output_place *p);
/** 0, or -errno; the bytes written until then remain written. */
MUST_USE int output_stream_write_fd(int fd, const struct buffer *bytes);
/** Tells the user that the pipe at path has no reader, and that we wait for
 *  one. */
typedef void output_waits(const char *path);
/**
 * The same for p->there.
 * @param waits  NULL: do not wait for the reader of a pipe (-E_NO_READER)
 * @param path   the path of p as the user wrote it, for waits
 */
MUST_USE int output_stream_write(const struct output_place *p,
                                 output_waits *waits, const char *path,
                                 const struct buffer *bytes);

#endif
