/**
 * @file output.h
 * Writes results, for the command line, Cprof, cprof_nif and Telemetry alike.
 * Before sampling, it checks whether the output can be written, and leaves
 * nothing behind. A file is written completely or not at all (output_file.h);
 * pipes and devices are written in place (output_stream.h). Neither is written
 * to a place where somebody else may have planted something (output_place.h).
 */
#ifndef CPROF_OUTPUT_OUTPUT_H
#define CPROF_OUTPUT_OUTPUT_H

#include "base/buffer.h"
#include "base/err.h"
#include "output/output_stream.h"

/** 0, or a negative error: path could not be written. NULL is stdout: always 0.
 */
MUST_USE int output_check(const char *path);
/** Writes bytes to path, or to stdout when NULL. A pipe that nobody reads is
 *  waited for, after waits was called. 0 or a negative error. */
MUST_USE int output_write(const char *path, output_waits *waits,
                          const struct buffer *bytes);
/** The same without waiting for a pipe (-E_NO_READER). fresh: -EEXIST when
 *  anything is at path, a link included. */
MUST_USE int output_write_now(const char *path, bool fresh,
                              const struct buffer *bytes);

#endif
