/**
 * @file output_stream.h
 * Writing in place, where there is no file to be renamed: standard output, a
 * pipe, a device, what is reached by a descriptor (/dev/stdout). Waiting for
 * the other side ends (-EINTR) with the first signal that has a handler; one
 * without ends the program as usual.
 */
#ifndef CPROF_OUTPUT_OUTPUT_STREAM_H
#define CPROF_OUTPUT_OUTPUT_STREAM_H

#include "base/buffer.h"
#include "output/output_place.h"

/** 0; -errno: may not be written; -E_NO_FILE: a socket or a disk. Opens
 *  nothing: a pipe's reader would see its end. */
MUST_USE int output_stream_check(const struct output_place *p);
/** 0, or -errno; what is already written stays so. */
MUST_USE int output_stream_write_fd(int fd, const struct buffer *bytes);
/** Tells the user that the pipe at path has no reader and is waited for. */
typedef void output_waits(const char *path);
/**
 * The same to what is there at p.
 * @param waits  NULL: a pipe without a reader is not waited for: -E_NO_READER
 * @param path   of p, as the user wrote it; for waits
 */
MUST_USE int output_stream_write(const struct output_place *p,
                                 output_waits *waits, const char *path,
                                 const struct buffer *bytes);

#endif
