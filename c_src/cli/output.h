/**
 * @file output.h
 * Where a result goes. That it can be written is found out before sampling
 * and leaves nothing behind; it is written whole or not at all (a new file
 * beside it, then renamed), so that a killed program leaves no half file.
 */
#ifndef CPROF_CLI_OUTPUT_H
#define CPROF_CLI_OUTPUT_H

#include "base/buffer.h"
#include "base/err.h"
#include "cli/options.h"
#include "profile/profile.h"

/** 0, or -errno: path could not be written. NULL is stdout: always 0. */
MUST_USE int output_check(const char *path);
/** Renders the profile as the options say (filter, format) into bytes. */
MUST_USE int output_render(const struct profile *p, const struct options *o,
                           struct buffer *bytes);
/** Writes bytes to path, or to stdout when NULL. 0 or -errno. */
MUST_USE int output_write(const char *path, const struct buffer *bytes);
/** Would the bytes of this format end on a terminal, unreadable? */
bool output_unreadable(const struct options *o);

#endif
