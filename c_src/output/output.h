/**
 * @file output.h
 * Writes all results: those of the command line, Cprof, cprof_nif and
 * Telemetry. Before sampling, output_check tells whether the output can be
 * written. A file is written completely or not at all (output_file.h); pipes
 * and devices are written in place (output_stream.h). Nothing is written to a
 * place where somebody else may have planted something (output_place.h).
 */
#ifndef CPROF_OUTPUT_OUTPUT_H
#define CPROF_OUTPUT_OUTPUT_H

#include "base/buffer.h"
#include "base/err.h"
#include "output/output_stream.h"

/** Can path be written? 0, or a negative error. NULL means stdout: always 0.
 *  Leaves nothing behind. */
MUST_USE int output_check(const char *path);
/** Writes bytes to path, or to stdout if path is NULL. 0 or a negative error.
 * If path is a pipe without a reader, calls `waits` and then waits for one. */
MUST_USE int output_write(const char *path, output_waits *waits,
                          const struct buffer *bytes);
/** The same without waiting for the reader of a pipe (-E_NO_READER). fresh:
 *  fails with -EEXIST if anything is at path, including a link. */
MUST_USE int output_write_now(const char *path, bool fresh,
                              const struct buffer *bytes);

#endif
