/**
 * @file recording.h
 * A recording from its file.
 */
#ifndef CPROF_CLI_RECORDING_H
#define CPROF_CLI_RECORDING_H

#include "base/err.h"
#include "profile/profile.h"

/** -errno, or an error of pprof_read. */
MUST_USE int recording_read(const char *path, struct profile **out);

#endif
